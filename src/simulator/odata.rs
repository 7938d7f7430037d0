//! The subset of `OData` supported by the service: `$filter` (`OData` 4.01 part 2, section 5.1.1),
//! `$top`, `$skip`, `$orderby` and `$count`.

use std::cmp::Ordering;

use serde_json::Value;

use super::filter::{Filter, Parser, known, moment};

/// Maximum number of elements in one response.
pub(super) const PAGE: usize = 10_000;

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Query {
    pub(super) filter: Option<Filter>,
    pub(super) order: Vec<(String, bool)>,
    pub(super) top: Option<usize>,
    pub(super) skip: usize,
    pub(super) count: bool,
}

/// Parses the query; `properties` are filterable and sortable. The error is the text of a 400.
pub(super) fn read(pairs: &[(String, String)], properties: &[&str]) -> Result<Query, String> {
    let mut query = Query::default();
    let number = |name: &str, text: &str| {
        text.parse::<usize>()
            .ok()
            .ok_or_else(|| format!("Invalid value '{text}' for {name} query option found. A non-negative integer is required."))
    };
    for (name, value) in pairs {
        match name.as_str() {
            "$filter" => query.filter = Some(Parser::new(value, properties)?.whole()?),
            "$top" => {
                let top = number("$top", value)?;
                if top > PAGE {
                    return Err(format!(
                        "The limit of '{PAGE}' for Top query has been exceeded. The value from the incoming request is '{top}'."
                    ));
                }
                query.top = Some(top);
            }
            "$skip" => query.skip = number("$skip", value)?,
            "$count" => match value.as_str() {
                "true" => query.count = true,
                "false" => query.count = false,
                other => {
                    return Err(format!(
                        "Invalid value '{other}' for $count query option found."
                    ));
                }
            },
            "$orderby" => {
                let parts = value.split(',').map(|part| order(part, properties));
                query.order.append(&mut parts.collect::<Result<_, _>>()?);
            }
            // `$select` is accepted and ignored; other options with a dollar are refused, as in
            // `OData`. `$skiptoken` is used by the tenant's own links.
            "$select" | "$expand" | "$skiptoken" => {}
            other if other.starts_with('$') => {
                return Err(format!("The query parameter '{other}' is not supported."));
            }
            _ => {}
        }
    }
    Ok(query)
}

/// A property to sort by, and whether in descending order.
fn order(part: &str, properties: &[&str]) -> Result<(String, bool), String> {
    let words: Vec<&str> = part.split_whitespace().collect();
    let (property, down) = match words.as_slice() {
        [property] | [property, "asc"] => (*property, false),
        [property, "desc"] => (*property, true),
        _ => return Err("Syntax error in $orderby.".to_owned()),
    };
    known(property, properties)?;
    Ok((property.to_owned(), down))
}

/// Sort order of two values of one property; times chronologically, null first.
pub(super) fn ordered(left: &Value, right: &Value) -> Ordering {
    match (left.as_str(), right.as_str()) {
        (Some(left), Some(right)) => match (moment(left), moment(right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            (None, _) | (_, None) => left.cmp(right),
        },
        (None, None) => left
            .as_f64()
            .partial_cmp(&right.as_f64())
            .unwrap_or(Ordering::Equal),
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PROPERTIES: [&str; 5] = [
        "computerDnsName",
        "lastSeen",
        "riskScore",
        "rbacGroupId",
        "id",
    ];

    fn passes(filter: &str) -> Result<bool, String> {
        let record = json!({
            "id": "aa", "computerDnsName": "o'hara-01", "lastSeen": "2025-04-02T02:51:16.2Z",
            "riskScore": "High", "rbacGroupId": 7
        });
        let pairs = [("$filter".to_owned(), filter.to_owned())];
        let query = read(&pairs, &PROPERTIES)?;
        Ok(query
            .filter
            .is_some_and(|filter| filter.passes(&|name| record.get(name).cloned())))
    }

    #[test]
    fn real_filters_are_supported() {
        for filter in [
            "riskScore eq 'High'",
            "riskScore ne 'Low' and rbacGroupId eq 7",
            "lastSeen gt 2018-08-01Z",
            "lastSeen lt 2025-04-02T02:51:17Z",
            "startswith(computerDnsName,'o''hara')",
            "id in ('bb','aa')",
            "id eq 'bb' or (riskScore eq 'High' and not (rbacGroupId gt 7))",
            "computerDnsName ne null",
        ] {
            assert_eq!(passes(filter), Ok(true), "{filter}");
        }
        for filter in [
            "riskScore eq 'high'",
            "rbacGroupId lt 7",
            "id eq 'aa' and id eq 'bb'",
            "computerDnsName eq null",
        ] {
            assert_eq!(passes(filter), Ok(false), "{filter}");
        }
    }

    #[test]
    fn invalid_filters_are_refused() {
        for filter in [
            "",
            "riskScore",
            "riskScore like 'x'",
            "RiskScore eq 'High'",
            "id eq 'a",
            "id in ()",
            "(id eq 'a'",
            "id eq 'a' id",
        ] {
            assert!(passes(filter).is_err(), "{filter}");
        }
        let nested = format!("{}id eq 'a'{}", "(".repeat(1_000), ")".repeat(1_000));
        assert!(passes(&nested).is_err());
    }

    #[test]
    fn paging_options_are_checked() {
        let ask =
            |name: &str, value: &str| read(&[(name.to_owned(), value.to_owned())], &PROPERTIES);
        assert_eq!(
            ask("$top", "10000").map(|query| query.top),
            Ok(Some(10_000))
        );
        assert!(ask("$top", "10001").is_err());
        assert!(ask("$skip", "-1").is_err());
        assert_eq!(
            ask("$orderby", "lastSeen desc,id").map(|query| query.order),
            Ok(vec![
                ("lastSeen".to_owned(), true),
                ("id".to_owned(), false)
            ])
        );
        assert!(ask("$orderby", "nothing").is_err());
        assert!(ask("$stop", "1").is_err());
    }
}
