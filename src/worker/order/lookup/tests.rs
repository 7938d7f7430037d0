//! What a list that leaves something out proves.

use super::*;

#[test]
fn a_list_that_leaves_something_out_shows_no_absence() {
    let list = |is_cut, unreadable| Listed {
        items: Vec::new(),
        unreadable,
        is_cut,
    };
    assert!(matches!(whole(&list(false, 0)), Ok(Found::Nothing)));
    assert!(matches!(whole(&list(true, 0)), Err(None)));
    assert!(matches!(whole(&list(false, 1)), Err(None)));
}
