use arrow_flight::sql::{CommandStatementQuery, ProstMessageExt};
use arrow_flight::{Action, FlightDescriptor};
use futures::TryStreamExt;
use prost::Message;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Status};

use crate::server::{Client, Server, failure, text};

/// Executes and returns the response's headers.
async fn headers(
    client: &mut Client,
    sql: &str,
    cookie: Option<&str>,
) -> Result<MetadataMap, Status> {
    let command = CommandStatementQuery {
        query: sql.into(),
        transaction_id: None,
    };
    let mut request = Request::new(FlightDescriptor::new_cmd(command.as_any().encode_to_vec()));
    if let Some(cookie) = cookie {
        request
            .metadata_mut()
            .insert("cookie", cookie.parse().unwrap());
    }
    Ok(client
        .inner_mut()
        .get_flight_info(request)
        .await?
        .metadata()
        .clone())
}

async fn start() -> (Server, Client) {
    let server = Server::start().await;
    let mut client = server.client().await;
    let script = "CREATE DATABASE logs; CREATE TABLE logs.flow (n INT)";
    client.execute_update(script.into(), None).await.unwrap();
    (server, client)
}

#[tokio::test]
async fn use_holds_for_a_client_that_keeps_its_cookie() {
    let (_server, mut client) = start().await;
    assert!(
        headers(&mut client, "SHOW TABLES", None)
            .await
            .unwrap()
            .get("set-cookie")
            .is_none()
    );
    let answer = headers(&mut client, "USE logs", None).await.unwrap();
    let cookie = answer
        .get("set-cookie")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    assert!(cookie.starts_with("arrow_flight_session_id="), "{cookie}");

    client.set_header("cookie", &cookie);
    assert_eq!(text(&mut client, "SHOW TABLES").await, ["flow"]);
    assert!(text(&mut client, "SELECT * FROM flow").await.is_empty());
    let answer = headers(&mut client, "USE default", Some(&cookie))
        .await
        .unwrap();
    assert!(answer.get("set-cookie").is_none());
    assert!(text(&mut client, "SHOW TABLES").await.is_empty());
}

#[tokio::test]
async fn clients_do_not_share_a_session_though_they_share_a_connection() {
    let (server, mut a) = start().await;
    let channel = server.channel().await;
    let mut b = Client::new(channel.clone());
    let mut c = Client::new(channel);
    let answer = headers(&mut b, "USE logs", None).await.unwrap();
    b.set_header(
        "cookie",
        answer.get("set-cookie").unwrap().to_str().unwrap(),
    );
    assert_eq!(text(&mut b, "SHOW TABLES").await, ["flow"]);
    assert!(text(&mut c, "SHOW TABLES").await.is_empty());
    assert!(text(&mut a, "SHOW TABLES").await.is_empty());
}

#[tokio::test]
async fn a_header_names_the_database_of_a_call() {
    let (_server, mut client) = start().await;
    client.set_header("database", "logs");
    assert_eq!(text(&mut client, "SHOW TABLES").await, ["flow"]);
    let insert = "INSERT INTO flow VALUES (1)";
    assert_eq!(client.execute_update(insert.into(), None).await.unwrap(), 1);
    client.set_header("database", "lgos");
    let (code, message) = failure(&mut client, "SHOW TABLES").await;
    assert_eq!(code, Code::NotFound);
    assert!(message.contains("lgos"), "{message}");
}

#[tokio::test]
async fn an_ended_session_is_an_error_and_not_another_database() {
    let (_server, mut client) = start().await;
    let answer = headers(&mut client, "USE logs", None).await.unwrap();
    client.set_header(
        "cookie",
        answer.get("set-cookie").unwrap().to_str().unwrap(),
    );
    let mut statement = client
        .prepare("SELECT * FROM flow".into(), None)
        .await
        .unwrap();
    statement.execute().await.unwrap();
    let results = client
        .do_action(Action::new("CloseSession", ""))
        .await
        .unwrap();
    assert_eq!(results.try_collect::<Vec<_>>().await.unwrap().len(), 1);
    let (code, message) = failure(&mut client, "SHOW TABLES").await;
    assert_eq!(code, Code::Unauthenticated);
    assert!(message.contains("connect again"), "{message}");
}

#[tokio::test]
async fn a_ticket_of_one_session_is_unknown_in_another() {
    let (server, mut client) = start().await;
    let answer = headers(&mut client, "USE logs", None).await.unwrap();
    client.set_header(
        "cookie",
        answer.get("set-cookie").unwrap().to_str().unwrap(),
    );
    let info = client
        .execute("SELECT * FROM flow".into(), None)
        .await
        .unwrap();
    let mut stranger = server.client().await;
    let stolen = crate::server::ticket(&info);
    let error = stranger.do_get(stolen.clone()).await.unwrap_err();
    assert_eq!(crate::server::status(error).code(), Code::NotFound);
    client.do_get(stolen).await.unwrap();
}
