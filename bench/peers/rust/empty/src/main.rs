//! A function that does nothing, on AWS's own Rust runtime.
use lambda_runtime::{service_fn, Error, LambdaEvent};
use serde_json::Value;

async fn answer(event: LambdaEvent<Value>) -> Result<Value, Error> {
    Ok(event.payload)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(answer)).await
}
