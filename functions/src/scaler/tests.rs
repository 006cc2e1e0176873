//! Decisions over recorded days, over random ones, and the whole scaler against Kinesis, CloudWatch and DynamoDB.

mod days;
mod player;
mod random;
mod wire;
