import Reports

/// One node's turn to tell a webhook what is new; nobody else tells it anything meanwhile.
package struct WebhookTurn: Sendable {
    package let webhook: Webhook
    /// What it is told: what it asks for, as far as its client may follow that now.
    package let filter: ChangeFilter
    /// What its messages are signed with, the newest first; two during a rotation.
    package let secrets: [WebhookSecret]
    /// Which claim this is: once there is a later one, nothing that this one says counts (D9).
    let lease: Int
    /// For how long nobody else may claim it, counted anew with each step.
    let duration: Duration
}
