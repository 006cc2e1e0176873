//! Variables of the API's stage: what only the API stack knows, and the functions of others are told with each request.

/// Where the user pool is asked to sign somebody in: an address, or a path where the API itself is.
pub const SIGN_IN_URL: &str = "signInUrl";
/// Id of the client by which people sign in.
pub const USER_POOL_CLIENT: &str = "userPoolClient";
