//! Evidence from an incomplete list.

use super::*;

#[test]
fn incomplete_list_proves_no_absence() {
    let list = |is_cut, unreadable| Listed {
        items: Vec::new(),
        unreadable,
        is_cut,
    };
    assert!(matches!(whole(&list(false, 0)), Ok(Found::Nothing)));
    assert!(matches!(whole(&list(true, 0)), Err(None)));
    assert!(matches!(whole(&list(false, 1)), Err(None)));
}
