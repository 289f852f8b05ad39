use arrow_flight::sql::client::FlightSqlServiceClient;

use crate::server::{Server, text};

#[tokio::test]
async fn any_user_name_connects_while_there_are_no_logins() {
    let server = Server::start().await;
    let mut client = FlightSqlServiceClient::new(server.channel().await);
    let answer = client.handshake("ann", "any password").await.unwrap();
    assert!(!answer.is_empty());
    // The client sends the token of the handshake from now on.
    assert_eq!(client.token().map(|token| token.is_empty()), Some(false));
    assert_eq!(text(&mut client, "SELECT 1").await, ["1"]);
    client.set_token("of-somebody-else".to_owned());
    assert_eq!(text(&mut client, "SELECT 2").await, ["2"]);
}

#[tokio::test]
async fn double_quotes_hold_names_for_a_client_that_says_so() {
    let (_server, mut client) = Server::with_table().await;
    client.set_header("quotes", "ansi");
    assert_eq!(
        text(&mut client, r#"SELECT "n" FROM "t" WHERE "s" = 'a'"#).await,
        ["1"]
    );
    client.set_header("quotes", "neither");
    let (_, message) = crate::server::failure(&mut client, "SELECT 1").await;
    assert!(message.contains("is no kind of quotes"), "{message}");
}
