use arrow_flight::sql::{ActionCancelQueryRequest, Any};
use arrow_flight::{
    Action, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightInfo,
};
use futures::TryStreamExt;
use prost::Message;
use tonic::Code;

use crate::server::{Client, Server, status, text, ticket};

const ENDLESS: &str = "SELECT count(*) FROM generate_series(1, 100000000) a \
                       JOIN generate_series(1, 100000000) b ON a.value % 2 = b.value % 2";

async fn cancel(client: &mut Client, info: &FlightInfo) -> Result<CancelStatus, tonic::Status> {
    let request = CancelFlightInfoRequest {
        info: Some(info.clone()),
    };
    let action = Action::new("CancelFlightInfo", request.encode_to_vec());
    let answers = client.do_action(action).await.map_err(status)?;
    let answers: Vec<_> = answers.try_collect().await?;
    let result = CancelFlightInfoResult::decode(answers[0].body.as_ref()).unwrap();
    Ok(result.status())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_runs_is_cancelled_by_its_flight_info() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let info = client.execute(ENDLESS.into(), None).await.unwrap();
    let mut reader = server.client().await;
    let wanted = ticket(&info);
    let reading = tokio::spawn(async move {
        let rows = reader.do_get(wanted).await?;
        rows.try_collect::<Vec<_>>().await
    });
    // It may not run yet: then its plan is not waiting any more, and nothing is under way.
    while server.engine.memory_used() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(
        cancel(&mut client, &info).await.unwrap(),
        CancelStatus::Cancelled
    );
    let ended = status(reading.await.unwrap().unwrap_err());
    assert_eq!(ended.code(), Code::Cancelled);
    assert_eq!(text(&mut client, "SELECT 1").await, ["1"]);
}

#[tokio::test]
async fn a_query_that_waits_is_forgotten_and_an_ended_one_is_not_found() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let info = client.execute("SELECT 1".into(), None).await.unwrap();
    let request = ActionCancelQueryRequest {
        info: info.encode_to_vec().into(),
    };
    let body = Any::pack(&request).unwrap().encode_to_vec();
    let action = Action::new("CancelQuery", body);
    let answers = client.do_action(action).await.unwrap();
    assert_eq!(answers.try_collect::<Vec<_>>().await.unwrap().len(), 1);
    let refused = client
        .do_get(ticket(&info))
        .await
        .err()
        .map(status)
        .unwrap();
    assert_eq!(refused.code(), Code::NotFound);
    let again = cancel(&mut client, &info).await.unwrap_err();
    assert_eq!(again.code(), Code::NotFound);
    let nothing = cancel(&mut client, &FlightInfo::new()).await.unwrap_err();
    assert_eq!(nothing.code(), Code::InvalidArgument);
}
