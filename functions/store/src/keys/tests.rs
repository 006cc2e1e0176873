//! Keys as they are found, made, listed and revoked.

use dynamodb_fixture::Fixture;

use super::*;

const NOW: &str = "2026-11-26T10:15:30Z";

async fn empty() -> (Fixture, Keys) {
    let fixture = Fixture::start().await;
    let keys = Keys::new(Table::new(fixture.client.clone(), fixture.keys_table()));
    (fixture, keys)
}

async fn stored(attributes: &[(&str, &str)]) -> (Fixture, Keys) {
    let (fixture, keys) = empty().await;
    let own = [(PK, "KEY#abc"), (SK, "KEY"), ("apiKeyId", "k_1"), (USER_EMAIL, "a@example.com")];
    let item = own.iter().chain(attributes).map(|(name, value)| ((*name).to_owned(), text(*value))).collect();
    keys.table.put_all([item]).await.unwrap();
    (fixture, keys)
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn new_key<'a>(key: &'a str, id: &'a str, user_email: &'a Email) -> NewKey<'a> {
    let expires_at = "2027-02-24T10:15:30Z".parse().unwrap();
    NewKey { key, id, name: "production", user_email, company_name: None, created_at: now(), expires_at }
}

#[tokio::test]
async fn a_key_is_found_by_its_hash_and_by_no_other() {
    let (_fixture, keys) = stored(&[(CREATED_AT, "2026-11-24")]).await;
    let key = keys.find("abc").await.unwrap().unwrap();
    assert_eq!((key.id.as_str(), key.user_email.as_str(), key.company_name), ("k_1", "a@example.com", None));
    assert_eq!(keys.find("abd").await.unwrap(), None);
}

#[tokio::test]
async fn an_end_that_cannot_be_read_opens_nothing() {
    for attribute in ["expiresAt", "revokedAt", TTL] {
        let (_fixture, keys) = stored(&[(attribute, "soon")]).await;
        let found = keys.find("abc").await;
        assert!(matches!(found, Err(TableError::Malformed { attribute: read, .. }) if read == attribute), "{found:?}");
    }
}

#[tokio::test]
async fn a_key_that_should_have_left_the_table_is_refused_while_it_is_still_there() {
    let (_fixture, keys) = stored(&[]).await;
    let mut item = keys.table.get("KEY#abc", "KEY", Consistency::Strong).await.unwrap().unwrap();
    item.insert(TTL.into(), number(now().as_second()));
    keys.table.put_all([item]).await.unwrap();
    let key = keys.find("abc").await.unwrap().unwrap();
    assert_eq!(key.judge(now()), Err(metering::key::Reason::ExpiredApiKey));
}

#[tokio::test]
async fn a_key_is_what_its_maker_said_and_leaves_the_table_some_time_after_it_expires() {
    let (_fixture, keys) = empty().await;
    let owner = "a@example.com".parse().unwrap();
    let new = NewKey { company_name: Some("Example"), ..new_key("ck_secret_1", "k_1", &owner) };
    let made = keys.create_key(&new).await.unwrap();
    assert_eq!((made.prefix.as_str(), made.expires_at.as_str()), ("ck_secre", "2027-02-24T10:15:30.000Z"));
    let found = keys.find(&key::hash("ck_secret_1")).await.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.name.as_str(), &found.user_email), ("k_1", "production", &owner));
    assert_eq!((found.company_name.as_deref(), found.expires_at), (Some("Example"), Some(new.expires_at)));
    let item = keys.table.get(&format!("KEY#{}", key::hash("ck_secret_1")), "KEY", Consistency::Strong).await.unwrap();
    assert_eq!(integer(&item.unwrap(), TTL), Some(after_days(new.expires_at, 90)));
    assert!(keys.create_key(&new).await.is_err(), "the very same key was stored twice");
    assert!(!format!("{new:?}").contains("secret"));
}

#[tokio::test]
async fn the_keys_of_a_user_are_theirs_alone_oldest_first() {
    let (_fixture, keys) = empty().await;
    let [a, b]: [Email; 2] = ["a@example.com", "b@example.com"].map(|email| email.parse().unwrap());
    let older = NewKey { created_at: now() - jiff::SignedDuration::from_secs(9), ..new_key("ck_2", "k_2", &a) };
    for new in [new_key("ck_1", "k_1", &a), older, new_key("ck_3", "k_3", &b)] {
        keys.create_key(&new).await.unwrap();
    }
    let ids: Vec<_> = keys.keys_of(&a).await.unwrap().into_iter().map(|key| key.id).collect();
    assert_eq!(ids, ["k_2", "k_1"]);
}

#[tokio::test]
async fn a_key_is_revoked_once_and_leaves_the_table_some_time_after() {
    let (_fixture, keys) = empty().await;
    let owner = "a@example.com".parse().unwrap();
    let key = keys.create_key(&new_key("ck_1", "k_1", &owner)).await.unwrap();
    let revoked = keys.revoke(&key, now()).await.unwrap().unwrap();
    assert_eq!(revoked.revoked_at.as_deref(), Some("2026-11-26T10:15:30.000Z"));
    let item = keys.table.get(&format!("KEY#{}", key.hash), "KEY", Consistency::Strong).await.unwrap().unwrap();
    assert_eq!(integer(&item, TTL), Some(after_days(now(), KEPT_DAYS)));
    let again = keys.revoke(&key, now() + jiff::SignedDuration::from_secs(60)).await.unwrap();
    assert_eq!(again, Some(revoked));
    let found = keys.find(&key.hash).await.unwrap().unwrap();
    assert_eq!(found.judge(now()), Err(metering::key::Reason::RevokedApiKey));
}

#[tokio::test]
async fn a_key_that_is_gone_is_not_brought_back_by_revoking_it() {
    let (_fixture, keys) = empty().await;
    let owner = "a@example.com".parse().unwrap();
    let (_other, elsewhere) = empty().await;
    let key = elsewhere.create_key(&new_key("ck_1", "k_1", &owner)).await.unwrap();
    assert_eq!(keys.revoke(&key, now()).await.unwrap(), None);
    assert_eq!(keys.find(&key.hash).await.unwrap(), None);
}

#[tokio::test]
async fn a_date_that_cannot_be_read_hides_no_key_from_its_owner() {
    let (_fixture, keys) = stored(&[(CREATED_AT, "long ago"), ("expiresAt", "soon")]).await;
    let owner = "a@example.com".parse().unwrap();
    let listed = keys.keys_of(&owner).await.unwrap();
    assert_eq!((listed.len(), listed[0].expires_at.as_str()), (1, "soon"));
    assert!(keys.revoke(&listed[0], now()).await.unwrap().is_some());
}
