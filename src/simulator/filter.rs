//! The parser of `$filter` (`OData` 4.01 part 2, section 5.1.1).

use super::odata::{Comparison, Filter, Literal, moment};

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
                let mut quoted = String::new();
                loop {
                    match rest.next() {
                        None => {
                            return Err(
                                "There is an unterminated string literal in the filter.".to_owned()
                            );
                        }
                        // A doubled quote stands for one.
                        Some('\'') if rest.peek() == Some(&'\'') => {
                            rest.next();
                            quoted.push('\'');
                        }
                        Some('\'') => break,
                        Some(other) => quoted.push(other),
                    }
                }
                found.push(Token::Quoted(quoted));
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

/// Reads a filter from left to right.
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

/// Refuses a property that may not be used in a query.
pub(super) fn known(property: &str, properties: &[&str]) -> Result<(), String> {
    if properties.contains(&property) {
        return Ok(());
    }
    Err(format!(
        "The query specified in the URI is not valid. Could not find a property named '{property}' on the type, or it can't be used here."
    ))
}
