//! `status`: what each addressee has proven about a message.

use crate::context::Context;
use crate::failure::Outcome;
use crate::output::status;

#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    /// The message: its identifier or at least six digits of its beginning
    message: String,
}

impl Status {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        let view = client.status(client.find_message(&self.message)?)?;
        context
            .out
            .answer(&view, || status::words(&view, &context.out.wall))
    }
}
