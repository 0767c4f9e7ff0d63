/// LISTEN: one connection for all channels of a pool.
extension Reactor {
    /// Takes a listener in; a new channel is listened to from now on.
    func add(_ listener: Listener) {
        let isNew = !listeners.values.contains { $0.channel == listener.channel }
        listeners[listener.id] = listener
        guard let listening else { return orderConnections() }
        if isNew {
            listen(to: listener.channel, on: listening)
        } else {
            listener.continuation.yield("")
        }
    }

    /// Forgets a listener; the last one takes the connection with it.
    func removeListener(_ id: Listener.ID) {
        guard let listener = listeners.removeValue(forKey: id), let listening else { return }
        if listeners.isEmpty { return lose(listening) }
        guard !listeners.values.contains(where: { $0.channel == listener.channel }) else { return }
        let sql = SQL(verbatim: "UNLISTEN \(quoted(listener.channel))")
        send(Command(.statement(sql), for: .reactor { _ in }), over: listening)
    }

    /// Listens to all channels on a fresh connection.
    func startListening(on connection: Connection) {
        listening = connection
        for channel in Set(listeners.values.map(\.channel)) { listen(to: channel, on: connection) }
    }

    /// Hands the messages that arrived to those who wait for them.
    func deliverNotifications() {
        guard let listening else { return }
        for (channel, payload) in listening.notifications() {
            for listener in listeners.values where listener.channel == channel {
                listener.continuation.yield(payload)
            }
        }
    }

    /// Once the server listens, an empty message tells that something may have been missed until now.
    private func listen(to channel: String, on connection: Connection) {
        let command = Command(
            .statement(SQL(verbatim: "LISTEN \(quoted(channel))")),
            for: .reactor { [weak self] answer in
                guard let self, case .success = answer else { return }
                for listener in listeners.values where listener.channel == channel {
                    listener.continuation.yield("")
                }
            })
        send(command, over: connection)
    }

    /// The name as an identifier; a quote inside is doubled.
    private func quoted(_ name: String) -> String {
        "\""
            + name.split(separator: "\"", omittingEmptySubsequences: false).joined(
                separator: "\"\"")
            + "\""
    }
}
