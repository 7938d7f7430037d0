//! Direct queries for devices: one at a time, a newer one replaces it.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::task::AbortHandle;

use super::clock::now;
use super::context::Context;
use crate::api::{ApiError, Client, Lane, Verb};
use crate::explain::Explanation;
use crate::message::{AskedNews, Event};
use crate::model::{Epoch, Listed, Question, first_lower};

/// Interval of checks whether a query waits for a rate limit.
const PAUSE_CHECK: Duration = Duration::from_millis(250);
/// The window of the shorter of the service's rate limits.
const LIMIT_WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// The running query, if any.
#[derive(Default)]
pub(super) struct Asking(Option<(Box<str>, Question, AbortHandle)>);

impl Asking {
    /// Starts a query in place of a running one, unless it is the same.
    pub(super) fn begin(&mut self, context: Arc<Context>, text: Box<str>, question: Question) {
        if let Some((asked_for, asked, task)) = &self.0
            && (asked_for, asked) == (&text, &question)
            && !task.is_finished()
        {
            return;
        }
        self.abort();
        let task = tokio::spawn(ask(context, text.clone(), question.clone()));
        self.0 = Some((text, question, task.abort_handle()));
    }

    pub(super) fn abort(&mut self) -> Option<Box<str>> {
        let (text, _, task) = self.0.take()?;
        let is_under_way = !task.is_finished();
        task.abort();
        is_under_way.then_some(text)
    }

    /// Stops the query at the user's request.
    pub(super) async fn stop(&mut self, context: &Context) {
        if let Some(text) = self.abort() {
            report(context, context.session.epoch(), &text, AskedNews::Stopped).await;
        }
    }
}

async fn ask(context: Arc<Context>, text: Box<str>, question: Question) {
    let epoch = context.session.epoch();
    report(&context, epoch, &text, AskedNews::Started(question.clone())).await;
    let asked = tokio::select! {
        asked = context.client.ask(&question) => asked,
        () = report_pauses(&context, epoch, &text) => return,
    };
    let at = now();
    let news = match asked {
        Ok(found) => {
            let Listed {
                items: machines,
                unreadable,
                is_cut,
            } = found.machines.map(Arc::new);
            if epoch == context.session.epoch() {
                for machine in &machines {
                    context.known.learn_machine(Arc::clone(machine), at);
                }
            }
            AskedNews::Answered {
                at,
                machines,
                unreadable,
                is_cut,
                is_of_last_report: found.is_of_last_report,
            }
        }
        Err(error) => {
            context.session.note_auth_failure(&error).await;
            AskedNews::Failed(explain(&error, &question))
        }
    };
    context.report_budget().await;
    // Last: the same query may be repeated as soon as the answer is on screen.
    report(&context, epoch, &text, news).await;
}

/// Reports each pause that a rate limit imposes on the query, and its end. Never returns.
async fn report_pauses(context: &Context, epoch: Epoch, text: &str) {
    let mut is_paused = false;
    loop {
        tokio::time::sleep(PAUSE_CHECK).await;
        let budget = context.client.budget();
        let is_used_up = budget.left_minute == 0 || budget.left_hour == 0;
        let gate = context.client.gate_until(Lane::Analyst);
        let was_paused = std::mem::replace(&mut is_paused, gate.is_some() || is_used_up);
        if is_paused && !was_paused {
            // A used-up limit has room again within this time.
            let until = gate.unwrap_or_else(|| now() + LIMIT_WINDOW);
            report(context, epoch, text, AskedNews::Paused(until)).await;
            context.report_budget().await;
        }
    }
}

/// The failure, headed by the request that failed.
fn explain(error: &ApiError, question: &Question) -> Explanation {
    let request = Client::request_of(question);
    let mut explanation = error.explain_for(Verb::Read, "ask for devices", None, None);
    let status = error
        .status()
        .map_or_else(String::new, |status| format!("{status}, "));
    let said = first_lower(&explanation.headline);
    explanation.headline = format!("{request} failed: {status}{said}");
    explanation.details.insert(0, format!("Request: {request}"));
    explanation
}

async fn report(context: &Context, epoch: Epoch, text: &str, news: AskedNews) {
    let text = text.into();
    context.sink.emit(Event::Asked { epoch, text, news }).await;
}
