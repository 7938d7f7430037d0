//! `$filter` and its parser (`OData` 4.01 part 2, section 5.1.1).

use std::cmp::Ordering;
use std::iter::Peekable;
use std::str::Chars;

use jiff::Timestamp;
use serde_json::Value;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    Both(Box<Filter>, Box<Filter>),
    Either(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Compare(String, Comparison, Literal),
    OneOf(String, Vec<Literal>),
    StartsWith(String, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(f64),
    Time(Timestamp),
    Truth(bool),
    Null,
}

/// A time, also in the short form `2018-08-01Z`.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let day = text.strip_suffix('Z').unwrap_or(text);
    (day.len() == 10)
        .then(|| format!("{day}T00:00:00Z").parse().ok())
        .flatten()
}

impl Filter {
    /// Whether a record matches; `look` returns the value of a property.
    pub(super) fn passes(&self, look: &dyn Fn(&str) -> Option<Value>) -> bool {
        match self {
            Self::Both(left, right) => left.passes(look) && right.passes(look),
            Self::Either(left, right) => left.passes(look) || right.passes(look),
            Self::Not(inner) => !inner.passes(look),
            Self::Compare(property, comparison, literal) => {
                comparison.holds(look(property).as_ref(), literal)
            }
            Self::OneOf(property, literals) => {
                let value = look(property);
                literals
                    .iter()
                    .any(|literal| Comparison::Eq.holds(value.as_ref(), literal))
            }
            Self::StartsWith(property, text) => look(property)
                .as_ref()
                .and_then(Value::as_str)
                .is_some_and(|value| value.starts_with(text)),
        }
    }
}

impl Comparison {
    fn holds(self, value: Option<&Value>, literal: &Literal) -> bool {
        let value = value.unwrap_or(&Value::Null);
        let order = match literal {
            Literal::Null => {
                return (self == Self::Eq) == value.is_null()
                    && matches!(self, Self::Eq | Self::Ne);
            }
            Literal::Text(text) => value.as_str().map(|value| value.cmp(text.as_str())),
            Literal::Number(number) => value.as_f64().and_then(|value| value.partial_cmp(number)),
            Literal::Truth(truth) => value.as_bool().map(|value| value.cmp(truth)),
            Literal::Time(time) => value.as_str().and_then(moment).map(|value| value.cmp(time)),
        };
        match (self, order) {
            (Self::Eq, order) => order == Some(Ordering::Equal),
            (Self::Ne, order) => order != Some(Ordering::Equal),
            (Self::Gt, order) => order == Some(Ordering::Greater),
            (Self::Ge, order) => order.is_some_and(Ordering::is_ge),
            (Self::Lt, order) => order == Some(Ordering::Less),
            (Self::Le, order) => order.is_some_and(Ordering::is_le),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Open,
    Close,
    Comma,
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&next) = rest.peek() {
        match next {
            ' ' | '\t' => {
                rest.next();
            }
            '(' | ')' | ',' => {
                rest.next();
                found.push(match next {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    _ => Token::Comma,
                });
            }
            '\'' => {
                rest.next();
                found.push(Token::Quoted(quoted(&mut rest)?));
            }
            _ => {
                let mut word = String::new();
                while let Some(letter) = rest.next_if(|letter| !" \t(),'".contains(*letter)) {
                    word.push(letter);
                }
                found.push(Token::Word(word));
            }
        }
    }
    Ok(found)
}

/// The rest of a string literal, after its opening quote.
fn quoted(rest: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    let mut quoted = String::new();
    while let Some(next) = rest.next() {
        // A doubled quote is an escaped one.
        if next == '\'' && rest.next_if_eq(&'\'').is_none() {
            return Ok(quoted);
        }
        quoted.push(next);
    }
    Err("There is an unterminated string literal in the filter.".to_owned())
}

/// A filter parser, from left to right.
pub(super) struct Parser<'a> {
    tokens: std::vec::IntoIter<Token>,
    ahead: Option<Token>,
    properties: &'a [&'a str],
    depth: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &str, properties: &'a [&'a str]) -> Result<Self, String> {
        let mut tokens = tokens(text)?.into_iter();
        let ahead = tokens.next();
        Ok(Self {
            tokens,
            ahead,
            properties,
            depth: 0,
        })
    }

    fn take(&mut self) -> Option<Token> {
        let taken = self.ahead.take();
        self.ahead = self.tokens.next();
        taken
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(&self.ahead, Some(Token::Word(ahead)) if ahead == word);
        if found {
            self.take();
        }
        found
    }

    fn expect(&mut self, token: &Token) -> Result<(), String> {
        if self.take().as_ref() == Some(token) {
            Ok(())
        } else {
            Err(syntax_error())
        }
    }

    pub(super) fn whole(mut self) -> Result<Filter, String> {
        let filter = self.either()?;
        if self.ahead.is_some() {
            Err(syntax_error())
        } else {
            Ok(filter)
        }
    }

    fn either(&mut self) -> Result<Filter, String> {
        let mut left = self.both()?;
        while self.take_word("or") {
            left = Filter::Either(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter, String> {
        let mut left = self.one()?;
        while self.take_word("and") {
            left = Filter::Both(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Filter, String> {
        self.depth += 1;
        if self.depth > 200 {
            return Err("The node count limit of '100' has been exceeded.".to_owned());
        }
        if self.take_word("not") {
            return Ok(Filter::Not(Box::new(self.one()?)));
        }
        match self.take() {
            Some(Token::Open) => {
                let inner = self.either()?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Some(Token::Word(name)) if name == "startswith" => {
                self.expect(&Token::Open)?;
                let property = self.property()?;
                self.expect(&Token::Comma)?;
                let Some(Token::Quoted(text)) = self.take() else {
                    return Err(syntax_error());
                };
                self.expect(&Token::Close)?;
                Ok(Filter::StartsWith(property, text))
            }
            Some(Token::Word(property)) => {
                known(&property, self.properties)?;
                self.comparison(property)
            }
            Some(Token::Quoted(_) | Token::Close | Token::Comma) | None => Err(syntax_error()),
        }
    }

    fn property(&mut self) -> Result<String, String> {
        let Some(Token::Word(property)) = self.take() else {
            return Err(syntax_error());
        };
        known(&property, self.properties)?;
        Ok(property)
    }

    fn comparison(&mut self, property: String) -> Result<Filter, String> {
        let Some(Token::Word(word)) = self.take() else {
            return Err(syntax_error());
        };
        let comparison = match word.as_str() {
            "eq" => Comparison::Eq,
            "ne" => Comparison::Ne,
            "gt" => Comparison::Gt,
            "ge" => Comparison::Ge,
            "lt" => Comparison::Lt,
            "le" => Comparison::Le,
            "in" => {
                self.expect(&Token::Open)?;
                let mut values = vec![self.literal()?];
                while self.ahead == Some(Token::Comma) {
                    self.take();
                    values.push(self.literal()?);
                }
                self.expect(&Token::Close)?;
                return Ok(Filter::OneOf(property, values));
            }
            _ => return Err(syntax_error()),
        };
        Ok(Filter::Compare(property, comparison, self.literal()?))
    }

    fn literal(&mut self) -> Result<Literal, String> {
        match self.take() {
            Some(Token::Quoted(text)) => Ok(Literal::Text(text)),
            Some(Token::Word(word)) => match word.as_str() {
                "null" => Ok(Literal::Null),
                "true" => Ok(Literal::Truth(true)),
                "false" => Ok(Literal::Truth(false)),
                other => {
                    if let Ok(number) = other.parse() {
                        return Ok(Literal::Number(number));
                    }
                    moment(other).map(Literal::Time).ok_or_else(syntax_error)
                }
            },
            Some(Token::Open | Token::Close | Token::Comma) | None => Err(syntax_error()),
        }
    }
}

fn syntax_error() -> String {
    "The query specified in the URI is not valid. Syntax error in $filter.".to_owned()
}

/// Refuses a property that a query may not use.
pub(super) fn known(property: &str, properties: &[&str]) -> Result<(), String> {
    if properties.contains(&property) {
        return Ok(());
    }
    Err(format!(
        "The query specified in the URI is not valid. Could not find a property named '{property}' on the type, or it can't be used here."
    ))
}
