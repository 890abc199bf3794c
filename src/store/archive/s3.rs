//! The client of a bucket, and what its complaints mean.

use std::error::Error;

use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum, S3ConditionalPut};
use object_store::client::HttpError;
use object_store::{BackoffConfig, Certificate, ClientOptions, RetryConfig};

use super::ArchiveError;
use super::options::{Addressing, S3Options};

/// As much of a store's own words as a log needs.
const SHOWN: usize = 200;

/// Opens the bucket; nothing is sent yet.
pub(super) fn open(options: &S3Options) -> Result<AmazonS3, ArchiveError> {
    let wrong = |error: &object_store::Error| ArchiveError::Unavailable(format!("archive.s3: {error}"));
    let mut client = ClientOptions::new()
        .with_allow_http(options.endpoint.starts_with("http:"))
        .with_connect_timeout(options.connect_timeout)
        .with_timeout(options.attempt_timeout);
    if let Some(file) = &options.ca_file {
        let shown = file.display();
        let complaint = |problem: String| ArchiveError::Unavailable(format!("archive.s3.ca_file: {problem}"));
        let pem = std::fs::read(file).map_err(|error| complaint(format!("can't read `{shown}`: {error}")))?;
        let authorities = Certificate::from_pem_bundle(&pem).ok().filter(|all| !all.is_empty());
        let authorities =
            authorities.ok_or_else(|| complaint(format!("expected PEM certificates in `{shown}`")))?;
        client = authorities.into_iter().fold(client, ClientOptions::with_root_certificate);
    }
    let retry = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: options.attempts.saturating_sub(1),
        retry_timeout: options.timeout,
    };
    let condition =
        if options.if_none_match { S3ConditionalPut::ETagMatch } else { S3ConditionalPut::Disabled };
    let mut builder = AmazonS3Builder::new()
        .with_endpoint(bucket_host(options))
        .with_virtual_hosted_style_request(options.addressing == Addressing::VirtualHosted)
        .with_bucket_name(&options.bucket)
        .with_region(&options.region)
        .with_access_key_id(options.access_key.expose())
        .with_secret_access_key(options.secret_key.expose())
        .with_conditional_put(condition)
        .with_client_options(client)
        .with_retry(retry);
    if options.checksum {
        builder = builder.with_checksum_algorithm(Checksum::SHA256);
    }
    if let Some(encryption) = options.encryption {
        let key = "aws_server_side_encryption".parse().map_err(|error| wrong(&error))?;
        builder = builder.with_config(key, encryption.name());
    }
    if let Some(kms_key) = &options.kms_key {
        builder = builder.with_sse_kms_encryption(kms_key);
    }
    builder.build().map_err(|error| wrong(&error))
}

/// The client wants the bucket's name in the host already, where it is to stand there.
fn bucket_host(options: &S3Options) -> String {
    match (options.addressing, options.endpoint.split_once("://")) {
        (Addressing::VirtualHosted, Some((scheme, host))) => format!("{scheme}://{}.{host}", options.bucket),
        _ => options.endpoint.clone(),
    }
}

/// Whether the store says that it has no such object. A missing bucket, and a page of something else that happens to
/// answer 404, say nothing of the object.
pub(super) fn is_missing_object(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::NotFound { .. })
        && code(&told(error)).is_some_and(|code| code == "NoSuchKey")
}

/// What is wrong, and which key of the settings may mend it.
pub(super) fn explain(error: &object_store::Error, options: &S3Options) -> String {
    if let Some(http) = transport(error) {
        return format!("{} can't be reached: {http}", options.endpoint);
    }
    let text = told(error);
    let bucket = &options.bucket;
    let Some(code) = code(&text) else {
        return match error {
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                format!("{} denies the access to bucket `{bucket}`", options.endpoint)
            }
            _ => format!("{} answers: {}", options.endpoint, gist(&text)),
        };
    };
    let advice = match code {
        "NoSuchBucket" => format!("there is no bucket `{bucket}` (archive.s3.bucket)"),
        "InvalidAccessKeyId" => "the store does not know the access key (archive.s3.access_key)".to_owned(),
        "SignatureDoesNotMatch" => {
            "the signature is wrong (archive.s3.secret_key, or archive.s3.region)".to_owned()
        }
        "AccessDenied" => format!(
            "the access key may not do that in bucket `{bucket}`; it needs s3:GetObject, s3:PutObject and s3:ListBucket"
        ),
        "RequestTimeTooSkewed" => "this machine's clock and the store's differ".to_owned(),
        "AuthorizationHeaderMalformed" | "PermanentRedirect" => {
            format!("the bucket is in another region than `{}` (archive.s3.region)", options.region)
        }
        "NotImplemented" => {
            "the store lacks something that was asked of it; archive.s3.if_none_match = false asks for less"
                .to_owned()
        }
        _ => element(&text, "Message").unwrap_or_default().chars().take(SHOWN).collect(),
    };
    format!("{} answers {code}: {advice}", options.endpoint)
}

/// An error with all that it comes from.
fn told(error: &object_store::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// Why no answer came, from the innermost cause.
fn transport(error: &object_store::Error) -> Option<String> {
    let mut cause = error.source();
    while let Some(next) = cause {
        if next.is::<HttpError>() {
            let mut innermost = next;
            while let Some(inner) = innermost.source() {
                innermost = inner;
            }
            return Some(innermost.to_string());
        }
        cause = next.source();
    }
    None
}

fn code(text: &str) -> Option<&str> {
    element(text, "Code")
}

/// What stands in an element of the store's answer.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(inside, _)| inside)
}

/// The status and the beginning of a body, without what the client says of itself before them.
fn gist(text: &str) -> String {
    let told = text.split_once("Server returned ").map_or(text, |(_, told)| told);
    told.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect()
}
