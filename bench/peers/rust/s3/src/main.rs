//! The first step of a detector and no more: reads the object that a notification names. The client
//! is made before the first event is asked for, as AWS's documentation advises.
use aws_sdk_s3::Client;
use lambda_runtime::{service_fn, Error, LambdaEvent};
use serde_json::{json, Value};

async fn read(client: &Client, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let s3 = &event.payload["Records"][0]["s3"];
    let object = client
        .get_object()
        .bucket(s3["bucket"]["name"].as_str().unwrap_or(""))
        .key(s3["object"]["key"].as_str().unwrap_or(""))
        .send()
        .await?;
    let bytes = object.body.collect().await?.into_bytes();
    Ok(json!({ "bytes": bytes.len() }))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let settings = aws_sdk_s3::config::Builder::from(&config)
        .force_path_style(true)
        .build();
    let client = Client::from_conf(settings);
    let client = &client;
    lambda_runtime::run(service_fn(move |event| read(client, event))).await
}
