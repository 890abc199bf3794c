//! What each code of a problem means, what to do about it, and what its detail may say.

use super::Bilingual;
use crate::api::problem::Code;

/// Meaning, remedy, an example of the detail.
pub(in crate::api) fn text(code: Code) -> (Bilingual, Bilingual, &'static str) {
    let (zh, en, remedy_zh, remedy_en, detail) = match code {
        Code::Unauthenticated => (
            "请求未携带密钥，或密钥不存在、已过期、已吊销。",
            "The request shows no key, or one that does not exist, has expired or was revoked.",
            "以 Authorization: Bearer 携带有效密钥；密钥由运维人员用 baohan api-keys create 签发。",
            "Send a valid key as Authorization: Bearer; an operator makes one with baohan api-keys create.",
            "expected `Authorization: Bearer` with a valid key",
        ),
        Code::Forbidden => (
            "密钥有效，但没有该接口所需的权限。",
            "The key is valid but is not for this part of the interface.",
            "请运维人员另行签发带有该权限的密钥；权限名称见 detail。",
            "Ask an operator for a key with the scope that the detail names.",
            "expected a key with the scope `underwrite`",
        ),
        Code::RateLimited => (
            "请求超过该客户端的频率限制，或同一地址的认证失败次数过多。",
            "The client has sent more requests than it may, or its address has failed to authenticate too often.",
            "等待响应头 Retry-After 所示的秒数后重试；长期不足时请调整设置 api.requests_per_second 与 api.burst。",
            "Wait for the seconds in Retry-After; if that happens all the time, raise api.requests_per_second and api.burst.",
            "client `core` has sent more requests than the settings allow",
        ),
        Code::NotFound => (
            "地址或其中的编号不存在。",
            "There is no such address, or nothing with the id in it.",
            "核对地址与编号；保函编号以网关返回的 id 为准，不是业务流水号。",
            "Check address and id; a guarantee is named by the gateway's id, not by the platform's number.",
            "no guarantee `01990000-0000-7000-8000-000000000000` is stored",
        ),
        Code::MethodNotAllowed => (
            "地址存在，但不支持此 HTTP 方法。",
            "The address is there, but not for this method.",
            "使用响应头 Allow 所列的方法。",
            "Use one of the methods that the header Allow lists.",
            "the description of the interface says which methods there are",
        ),
        Code::UnsupportedMediaType => (
            "请求内容的类型不是该接口所要求的类型。",
            "The body is of a media type that this operation does not read.",
            "将 Content-Type 设为接口说明中的类型，通常为 application/json。",
            "Set Content-Type to what the description names, mostly application/json.",
            "expected `application/json`",
        ),
        Code::NotAcceptable => (
            "不能以 Accept 所要求的格式返回。",
            "There is no answer in any of the media types that Accept lists.",
            "去掉 Accept，或列出接口说明中的格式。",
            "Leave Accept away, or list a media type that the description names.",
            "expected `application/json` or `text/html`",
        ),
        Code::BodyTooLarge => (
            "请求内容或文件超过设置允许的大小。",
            "The body or the file is longer than the settings allow.",
            "减小内容；确有需要时调整设置 api.body_bytes 或 api.file_bytes。",
            "Send less, or raise api.body_bytes or api.file_bytes.",
            "expected at most 262144 bytes",
        ),
        Code::RequestTimeout => (
            "请求内容未在规定时间内发送完毕。",
            "The body did not end within the time that the settings allow.",
            "检查网络后重发同一请求；确有需要时调整设置 api.body_seconds。",
            "Check the network and send the same request again; api.body_seconds sets the time.",
            "the body did not end in time",
        ),
        Code::InvalidBody => (
            "请求内容不是合法 JSON，或字段缺失、多余、类型或格式不符。",
            "The body is no JSON, or a field is missing, unknown, or not of its type or form.",
            "按 pointer 所指位置修改后，使用新的 Idempotency-Key 或原键重发均可。",
            "Mend what the pointer names and send it again; the same Idempotency-Key may be used, since nothing was stored.",
            "unknown field `premum`, expected one of `premium`, `rate`",
        ),
        Code::InvalidParameter => (
            "地址或查询参数不符合接口定义。",
            "A parameter of the address or the query is not as described.",
            "按 detail 修改参数。",
            "Mend the parameter that the detail names.",
            "`limit`: expected 1 to 200, found `1000`",
        ),
        Code::IdempotencyKeyMissing => (
            "POST 请求缺少 Idempotency-Key，或其格式不符。",
            "A POST came without the header Idempotency-Key, or with one that can't be one.",
            "为每个业务动作生成一个唯一的键（如 UUID），重发同一动作时使用同一个键。",
            "Make one key for each act, such as a UUID, and use the same one when the act is sent again.",
            "expected a header `Idempotency-Key` of 1 to 255 visible characters",
        ),
        Code::IdempotencyKeyReused => (
            "该 Idempotency-Key 已用于方法、地址或内容不同的请求。",
            "The key of idempotency was used for a request with another method, address or body.",
            "新的动作使用新的键；重发时不要改动内容。",
            "Use a new key for a new act, and change nothing when an act is sent again.",
            "the key was used for another method, path or body before",
        ),
        Code::VersionMismatch => (
            "保函在读取之后已被修改，If-Match 与当前版本不一致。",
            "The guarantee was changed after it was read: If-Match names another version.",
            "重新读取保函，确认后以新的 ETag 重发。",
            "Read the guarantee again, decide anew, and send the new ETag.",
            "expected one of the versions \"3\", found \"4\"",
        ),
        Code::IllegalState => (
            "保函当前状态不允许此操作。",
            "The guarantee stands where this act is not possible.",
            "查看 refusal 与 legal_acts：前者说明原因，后者列出当前可以执行的操作。",
            "See refusal for the reason and legal_acts for what may be done now.",
            "该申请已审批，不能重复审批",
        ),
        Code::RefusedContent => (
            "内容格式正确，但不符合业务规则。",
            "The content is well formed but breaks a business rule.",
            "按 refusal 与 detail 修改内容。",
            "Change the content as refusal and detail say.",
            "赔付金额 900000.00 元超过保函金额 800000.00 元（已赔付 0.00 元）",
        ),
        Code::NotTellable => (
            "平台没有接口可以接收该操作的结果，或平台已不在设置中。",
            "The platform has no interface by which it could be told, or is not in the settings any more.",
            "线下与平台办理；平台支持的操作见 /api/v1/platforms。",
            "Settle it with the platform in another way; /api/v1/platforms says what each platform can be told.",
            "the dialect has no notice for this act",
        ),
        Code::TokenInvalid => (
            "跳转令牌不是本网关签发的，或已被改动。",
            "The token was not signed by this gateway, or was changed on its way.",
            "请投标人从平台重新进入；核对设置 redirects.secret。",
            "Have the applicant come from the platform again; check redirects.secret.",
            "expected a token that this gateway has signed",
        ),
        Code::TokenExpired => (
            "跳转令牌已过期。",
            "The token's time is over.",
            "请投标人从平台重新进入。",
            "Have the applicant come from the platform again.",
            "the token has expired",
        ),
        Code::Unavailable => (
            "网关暂时不能处理，例如数据库繁忙。",
            "The gateway can't do it now, for instance because the database is busy.",
            "等待响应头 Retry-After 所示的秒数后，以同一 Idempotency-Key 重发。",
            "Wait for the seconds in Retry-After and send the same request with the same Idempotency-Key.",
            "the request may be repeated",
        ),
        Code::Internal => (
            "网关内部错误，请求未生效。",
            "Something is wrong inside the gateway; the request changed nothing.",
            "将响应头 x-request-id 告知运维人员；可以同一 Idempotency-Key 重发。",
            "Tell an operator the x-request-id of the answer; the same request may be sent again with the same key.",
            "the gateway's log says more, under the request id of this answer",
        ),
    };
    (Bilingual { zh, en }, Bilingual { zh: remedy_zh, en: remedy_en }, detail)
}
