//! The name that a client gives itself, by the `authorization` header (RFC 7617, RFC 6750).
//!
//! There are no logins yet: any name is accepted with any password, and has no rights of its own. It says whose share of
//! the server a statement takes. Many clients send a name first, in a handshake, and a token with each call after it; the
//! token that they get is their name.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use tonic::Status;
use tonic::metadata::MetadataMap;

/// What our tokens begin with; those of others are of no user.
const TOKEN: &str = "spotql-user-";
/// The longest name, in bytes.
pub(super) const LONGEST: usize = 128;

/// Clients differ in whether they pad.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The user that a call's headers name; none if they name none.
///
/// # Errors
/// When the header cannot be read, or the name is too long.
pub(super) fn user(headers: &MetadataMap) -> Result<Option<String>, Status> {
    let Some(header) = headers.get("authorization") else {
        return Ok(None);
    };
    let unreadable = || {
        Status::unauthenticated(
            "the header 'authorization' cannot be read; send Basic with name:password in base64, or the token of the handshake",
        )
    };
    let header = header.to_str().map_err(|_| unreadable())?.trim();
    let (scheme, value) = header.split_once(' ').ok_or_else(unreadable)?;
    let decoded = |text: &str| {
        let bytes = LENIENT.decode(text.trim()).ok()?;
        String::from_utf8(bytes).ok()
    };
    let name = match scheme.to_ascii_lowercase().as_str() {
        "basic" => {
            let pair = decoded(value).ok_or_else(unreadable)?;
            pair.split_once(':')
                .map_or(pair.as_str(), |(name, _)| name)
                .to_owned()
        }
        "bearer" => match value.trim().strip_prefix(TOKEN) {
            Some(name) => decoded(name).ok_or_else(unreadable)?,
            None => return Ok(None),
        },
        _ => return Err(unreadable()),
    };
    match name.len() {
        0 => Ok(None),
        length if length > LONGEST => Err(Status::unauthenticated(format!(
            "the user's name has {length} bytes, {LONGEST} at most"
        ))),
        _ => Ok(Some(name)),
    }
}

/// The token of a user.
pub(super) fn token(user: &str) -> String {
    format!("{TOKEN}{}", STANDARD.encode(user))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &str) -> Result<Option<String>, Status> {
        let mut headers = MetadataMap::new();
        headers.insert("authorization", header.parse().unwrap());
        user(&headers)
    }

    #[test]
    fn a_name_is_read_from_a_password_or_a_token() {
        let ann = Some("ann".to_owned());
        assert_eq!(of("Basic YW5uOnNlY3JldA==").unwrap(), ann);
        assert_eq!(of("basic YW5uOnNlY3JldA").unwrap(), ann);
        assert_eq!(of("Basic YW5u").unwrap(), ann);
        assert_eq!(of(&format!("Bearer {}", token("ann"))).unwrap(), ann);
        assert_eq!(of("Bearer of-somebody-else").unwrap(), None);
        assert_eq!(of("Basic Og==").unwrap(), None);
        assert_eq!(user(&MetadataMap::new()).unwrap(), None);
    }

    #[test]
    fn a_header_that_cannot_be_read_is_refused() {
        for header in ["Basic", "Basic ???", "Digest abc", "Bearer spotql-user-???"] {
            assert!(of(header).is_err(), "{header}");
        }
        let long = STANDARD.encode("x".repeat(200));
        let error = of(&format!("Basic {long}")).unwrap_err();
        assert!(error.message().contains("200 bytes"), "{error}");
    }
}
