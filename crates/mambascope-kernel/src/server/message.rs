//! Messages as the kernel writes them.

use jupyter_protocol::messaging::UnknownMessage;
use jupyter_protocol::{JupyterMessage, JupyterMessageContent};
use serde_json::Value;

/// A message of any kind.
///
/// Content is written as JSON here: the protocol crate's own types write `null` where the protocol
/// asks for an object, and know fewer types of content than notebooks do.
pub(super) fn message(
    kind: &str,
    content: Value,
    parent: Option<&JupyterMessage>,
) -> JupyterMessage {
    let content = JupyterMessageContent::UnknownMessage(UnknownMessage {
        msg_type: kind.to_owned(),
        content,
    });
    let mut message = JupyterMessage::new(content, parent);
    "kernel".clone_into(&mut message.header.username);
    message
}

/// The kind of a request without its end: `execute` of `execute_request`.
pub(super) fn asked(request: &JupyterMessage) -> &str {
    request.header.msg_type.strip_suffix("_request").unwrap_or(&request.header.msg_type)
}

/// The reply to a request.
pub(super) fn reply(request: &JupyterMessage, content: Value) -> JupyterMessage {
    message(&format!("{}_reply", asked(request)), content, Some(request))
}

/// What the kernel is.
pub(super) fn kernel_info() -> Value {
    serde_json::json!({
        "status": "ok",
        "protocol_version": "5.4",
        "implementation": "mambascope-kernel",
        "implementation_version": env!("CARGO_PKG_VERSION"),
        "language_info": {
            "name": "rust",
            "version": "2024",
            "mimetype": "text/rust",
            "file_extension": ".rs",
            "pygments_lexer": "rust",
            "codemirror_mode": "rust",
        },
        "banner": concat!(
            "mambascope ", env!("CARGO_PKG_VERSION"),
            ": Rust, with mambascope in every cell. `:help` lists the commands."
        ),
        "help_links": [],
        "debugger": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn content_is_written_as_it_is() {
        let request = message("execute_request", json!({"code": "1"}), None);
        let made = reply(&request, json!({"status": "ok", "user_expressions": {}}));
        assert_eq!(made.header.msg_type, "execute_reply");
        let written = serde_json::to_value(&made.content).expect("content");
        assert_eq!(written, json!({"status": "ok", "user_expressions": {}}));
        let parent = made.parent_header.expect("a parent");
        assert_eq!(parent.msg_id, request.header.msg_id);
    }
}
