import CaseStore
import Faults
import Federation
import FoundationEssentials
import Logging
import Reports

extension Dispatcher {
    /// One try of one delivery, from the message to the outbox.
    func deliver(_ hold: Hold, in traffic: Traffic) async {
        let delivery = hold.turn.delivery
        let peer = traffic.line.peer
        // It came as we were stopping: nothing was sent, and it is as it was.
        guard !traffic.isClosed else {
            return await finish(hold, as: .postponed(delivery.due, delivery.doubt))
        }
        let terms = DeliveryTerms(
            resend: traffic.line.adapter.traits.resend,
            settling: traffic.line.adapter.traits.settling, unanswered: peer.unanswered,
            retry: peer.retry)
        let opening = delivery.opening(terms)
        if case .stop(let step) = opening { return await finish(hold, as: step) }
        let message: Message
        do {
            message = try self.message(of: hold.turn, for: peer)
        } catch {
            return await finish(hold, as: error.step)
        }
        let result = await send(message, opening, hold, over: traffic.line)
        KillPoint.replied.pass()
        switch result.end {
        case .success(let ticket):
            traffic.noteAccepted(at: result.ended)
            tell(of: ticket, hold)
            await finish(hold, as: .done(ticket), result.attempt)
        case .failure(let failure):
            await fail(hold, failure, result.attempt, terms, in: traffic)
        }
    }

    /// What became of one try.
    private struct Trial {
        let end: Result<Ticket, Failure>
        let attempt: Attempt
        var ended: Date { attempt.ended }
    }

    private struct Failure: Error {
        /// With a reason that may be kept.
        let error: PeerError
        let stage: FailedTry.Stage
    }

    private func send(
        _ message: Message, _ opening: Opening, _ hold: Hold, over line: PeerLine
    ) async -> Trial {
        let started = surroundings.now()
        let notes = ExchangeNotes()
        let wire = notes.noting(line.wire.within(hold.turn.trace)) { objection(to: hold) }
        let redaction = Redaction(hiding: line.secrets + message.personalTexts)
        var stage = FailedTry.Stage.sending
        func remark(_ ticket: Ticket) -> String? {
            ticket.remark.map { redaction.text($0, most: 500) }
        }
        func attempt(
            _ outcome: Attempt.Outcome, _ status: Int? = nil, _ reason: String? = nil
        ) -> Attempt {
            Attempt(
                started: started, ended: surroundings.now(), outcome: outcome,
                status: status ?? notes.status, reason: reason)
        }
        do throws(PeerError) {
            if opening == .look {
                stage = .looking
                if let ticket = try await line.adapter.find(message, over: wire) {
                    return Trial(
                        end: .success(ticket), attempt: attempt(.found, nil, remark(ticket)))
                }
                stage = .sending
            }
            let ticket = try await line.adapter.deliver(message, over: wire)
            return Trial(
                end: .success(ticket), attempt: attempt(.accepted, nil, remark(ticket)))
        } catch {
            let said = [error.reason, notes.text].compactMap { $0 }.joined(separator: " – ")
            let kept = PeerError(
                error.kind, redaction.text(error.reason, most: 500), status: error.status)
            return Trial(
                end: .failure(Failure(error: kept, stage: stage)),
                attempt: attempt(error.kind.outcome, error.status, redaction.text(said)))
        }
    }

    /// The peer has it, and not as it was said: no try mends that, but an operator can.
    private func tell(of ticket: Ticket, _ hold: Hold) {
        guard ticket.remark != nil else { return }
        logger.warning(
            "a peer did not keep all that it was told", metadata: hold.turn.metadata)
    }

    /// Why nothing more may be sent for a delivery, if it is so.
    private func objection(to hold: Hold) -> PeerError? {
        guard hold.isOurs(at: surroundings.instant()) else {
            return PeerError(.later(nil), "the lease ended before it was sent")
        }
        return nil
    }

    private func fail(
        _ hold: Hold, _ failure: Failure, _ attempt: Attempt, _ terms: DeliveryTerms,
        in traffic: Traffic
    ) async {
        let delivery = hold.turn.delivery
        let failed = FailedTry(
            failure.error, failure.stage, number: delivery.attempts + 1, ended: attempt.ended,
            chance: surroundings.chance())
        // The peer's part comes first: once the lease ends, the next one may be claimed.
        await note(failure.error, of: hold, in: traffic)
        let isPoison = await isPoison(delivery, attempt, in: traffic)
        let step =
            isPoison
            ? delivery.poisonStep(after: failed, terms) : delivery.step(after: failed, terms)
        await finish(hold, as: step, attempt)
    }

    /// Whether the peer breaks at this one each time, while it takes others.
    private func isPoison(_ delivery: Delivery, _ attempt: Attempt, in traffic: Traffic) async
        -> Bool
    {
        guard delivery.attempts + 1 >= Poison.likeTries, attempt.outcome == .later,
            let status = attempt.status, status >= 500
        else { return false }
        do {
            let attempts = try await surroundings.attempts(delivery.id)
            guard let began = Poison.began(attempts + [attempt]) else { return false }
            return traffic.hasAccepted(since: began)
        } catch {
            // Then the next try shows it.
            logger.warning("tries could not be read", metadata: ["reason": .string("\(error)")])
            return false
        }
    }

    /// Tells all relays how a peer is that took nothing.
    private func note(_ error: PeerError, of hold: Hold, in traffic: Traffic) async {
        // What we broke off ourselves is nobody's fault.
        guard !Task.isCancelled, objection(to: hold) == nil else { return }
        let peer = traffic.line.peer
        do {
            switch error.kind {
            case .refused: break
            case .later(let asked): try await noteFailure(of: peer, asked: asked)
            case .ambiguous: try await noteFailure(of: peer, asked: nil)
            case .forbidden:
                logger.error(
                    "a peer lets us in no more and is paused", metadata: ["peer": "\(peer.name)"])
                try await surroundings.pausePeer(peer.name, error.reason, surroundings.now())
            }
        } catch {
            logger.warning(
                "a peer's state could not be noted",
                metadata: ["peer": "\(peer.name)", "reason": .string("\(error)")])
        }
    }
}

extension Dispatcher {
    private func noteFailure(
        of peer: Peer, asked: Duration?
    ) async throws(CaseStoreError) {
        let now = surroundings.now()
        try await surroundings.noteFailure(
            peer, peer.breaker.probe(after: now, asked: asked), now)
    }
}

extension PeerError.Kind {
    fileprivate var outcome: Attempt.Outcome {
        switch self {
        case .refused: .refused
        case .forbidden: .forbidden
        case .later: .later
        case .ambiguous: .ambiguous
        }
    }
}
