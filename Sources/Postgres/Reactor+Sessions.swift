/// Sessions: who has a connection of his own, and who waits for one.
extension Reactor {
    /// Sends a session's command over its connection, or queues it until there is one.
    func submit(_ command: Command, of session: Session) {
        switch session.binding {
        case .bound(let connection):
            send(command, over: connection)
        case .over:
            command.finish(.failure(.unavailable))
        case .none:
            // A hundred of one mind at once must get through (D5); thousands would wait in vain.
            guard !isStopping, !isOutOfReach,
                waitingSessions.count < max(256, 64 * settings.transactions)
            else { return command.finish(.failure(.unavailable)) }
            command.expires = expiry(of: command)
            waitingSessions.append((session, command))
            bindWaitingSessions()
            if !waitingSessions.isEmpty { orderConnections() }
        }
    }

    /// Gives free connections to the sessions that wait, in their order.
    func bindWaitingSessions() {
        while let session = waitingSessions.first?.session, let connection = free.popLast() {
            session.binding = .bound(connection)
            bound[connection.id] = session
            let commands = waitingSessions.filter { $0.session === session }.map(\.command)
            waitingSessions.removeAll { $0.session === session }
            for command in commands {
                // Sending may lose the connection; what follows it then ends the same way.
                submit(command, of: session)
            }
        }
    }

    /// Takes a session's connection back, for the next one if it is as good as new.
    func release(_ session: Session, _ ending: Session.Ending) {
        defer { session.binding = .over }
        guard case .bound(let connection) = session.binding else { return }
        guard ending == .kept, connection.isReusable else { return lose(connection) }
        bound[connection.id] = nil
        free.append(connection)
        bindWaitingSessions()
    }

    /// Answers the sessions that have waited long enough.
    func expireWaitingSessions() {
        let late = waitingSessions.filter { $0.command.expires <= now || isOutOfReach }
        guard !late.isEmpty else { return }
        waitingSessions.removeAll { $0.command.expires <= now || isOutOfReach }
        for (_, command) in late { command.finish(.failure(.unavailable)) }
    }
}
