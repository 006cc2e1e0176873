use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region};
use event_source::*;
#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).unwrap();
    let folder = std::env::args().nth(2).unwrap();
    let creds = || Credentials::new("test", "test", None, None, "local");
    let region = || Region::new("ap-south-1");
    let clients = Clients {
        lambda: aws_sdk_lambda::Client::from_conf(aws_sdk_lambda::Config::builder().behavior_version(BehaviorVersion::latest()).region(region()).credentials_provider(creds()).endpoint_url(&url).build()),
        kinesis: aws_sdk_kinesis::Client::from_conf(aws_sdk_kinesis::Config::builder().behavior_version(aws_sdk_kinesis::config::BehaviorVersion::latest()).region(region()).credentials_provider(creds()).endpoint_url(&url).build()),
        s3: aws_sdk_s3::Client::from_conf(aws_sdk_s3::Config::builder().behavior_version(aws_sdk_s3::config::BehaviorVersion::latest()).region(region()).credentials_provider(creds()).endpoint_url(&url).force_path_style(true).build()),
    };
    let options = Options { which: Which::All, checkpoints: folder.into(), pace: Pace::LOCAL, disturbance: Disturbance::default() };
    let t = std::time::Instant::now();
    let runner = Runner::start(clients, options, move |text| eprintln!("[{:7.3}] {text}", t.elapsed().as_secs_f64())).unwrap();
    let mut line = String::new();
    // Each line on stdin: "drained", "status" or "stop".
    loop {
        let read = tokio::task::spawn_blocking(|| { let mut l = String::new(); let n = std::io::stdin().read_line(&mut l).unwrap(); (n, l) }).await.unwrap();
        line.clear(); line.push_str(read.1.trim());
        match line.as_str() {
            "drained" => { let s = std::time::Instant::now(); runner.drained().await; println!("drained {:.3}", s.elapsed().as_secs_f64()); }
            "status" => println!("status {:?}", runner.status()),
            _ => { runner.stop().await; println!("stopped"); return; }
        }
    }
}
