//! `ack` and `decline`: what a person says to a result.

use sotto_core::{Acknowledge, Client, ReadBack, SendHandle};

use crate::context::Context;
use crate::delivery::{answer_sent, deliver};
use crate::failure::{Failure, Outcome};

/// Taking responsibility, with a read-back.
#[derive(Debug, clap::Args)]
pub(crate) struct Ack {
    /// The message with the card: its identifier or at least six digits of its beginning
    message: String,
    /// Which observation the value belongs to, from 1; in the order of the values
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    observation: Vec<u16>,
    /// The value, as you read it on the card; none where the card asks for no read-back
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    value: Vec<String>,
    /// One of the patient's identifiers, as you read it: number, its last digits, or birth date
    #[arg(long, value_name = "I")]
    identifier: Vec<String>,
}

impl Ack {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let values = pair(&self.observation, &self.value)?;
        let client = context.open()?;
        let message = client.find_message(&self.message)?;
        let request = Acknowledge {
            message,
            values,
            identifiers: self.identifier,
        };
        respond(
            context,
            &client,
            client.acknowledge(request),
            "Acknowledgement",
        )
        .await
    }
}

/// Not taking responsibility, with a reason.
#[derive(Debug, clap::Args)]
pub(crate) struct Decline {
    /// The message with the card: its identifier or at least six digits of its beginning
    message: String,
    /// Why, for the sender
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Decline {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let client = context.open()?;
        let message = client.find_message(&self.message)?;
        respond(
            context,
            &client,
            client.decline(message, &self.reason),
            "Refusal",
        )
        .await
    }
}

/// A read-back that does not match is told to the sender too, so there is something to deliver either way.
async fn respond(
    context: &Context,
    client: &Client,
    outcome: Result<SendHandle, sotto_core::Error>,
    what: &str,
) -> Outcome {
    match outcome {
        Ok(handle) => answer_sent(context, client, handle, what).await,
        Err(error) => {
            if error.kind() == sotto_core::ErrorKind::Refused {
                // The refusal is the answer; a remark about the relay has been made if there was one.
                let _ = deliver(context, client).await;
            }
            Err(error.into())
        }
    }
}

/// Values in order, each with its observation where observations are named at all.
fn pair(observations: &[u16], values: &[String]) -> Outcome<Vec<ReadBack>> {
    if observations.is_empty() && values.len() == 1 {
        return Ok(vec![ReadBack {
            observation: None,
            value: values[0].clone(),
        }]);
    }
    if observations.len() != values.len() {
        return Err(Failure::usage(
            "ack.pairs",
            "with several values each needs its observation: --observation 1 --value 7.12 --observation 2 --value 6.8",
        ));
    }
    let pairs = observations.iter().zip(values);
    Ok(pairs
        .map(|(number, value)| ReadBack {
            observation: Some((*number).into()),
            value: value.clone(),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn one_value_needs_no_number_and_several_each_need_one() {
        assert_eq!(pair(&[], &values(&["6.8"])).unwrap()[0].observation, None);
        assert!(
            pair(&[], &[]).unwrap().is_empty(),
            "a card may ask for no read-back"
        );
        let both = pair(&[2, 1], &values(&["6.8", "7.12"])).unwrap();
        assert_eq!(
            (both[0].observation, both[0].value.as_str()),
            (Some(2), "6.8")
        );
        assert_eq!(
            (both[1].observation, both[1].value.as_str()),
            (Some(1), "7.12")
        );
        for (numbers, texts) in [
            (vec![], vec!["1", "2"]),
            (vec![1], vec!["1", "2"]),
            (vec![1, 2], vec!["1"]),
        ] {
            assert_eq!(
                pair(&numbers, &values(&texts)).unwrap_err().code(),
                "ack.pairs"
            );
        }
    }
}
