import CaseStore
import Faults
import Federation
import Logging

extension Dispatcher {
    /// Writes down what became of a delivery, as soon as the database lets us: what is forgotten
    /// would be sent again.
    func finish(_ hold: Hold, as step: DeliveryStep, _ attempt: Attempt? = nil) async {
        let turn = hold.turn
        tell(step, of: turn)
        var step = step
        while true {
            do throws(CaseStoreError) {
                guard try await surroundings.finish(turn, step, attempt, surroundings.now()) else {
                    return logger.warning("a delivery was ours no more", metadata: turn.metadata)
                }
                KillPoint.marked.pass()
                return
            } catch {
                switch error {
                case .unavailable, .timeout:
                    // Whoever claims it next knows that its lease ran out, and looks.
                    guard !Task.isCancelled else { return }
                    await surroundings.pause()
                default:
                    logger.error(
                        "the outcome of a delivery cannot be kept",
                        metadata: turn.metadata.merging(["reason": "\(error)"]) { $1 })
                    guard case .parked = step else {
                        step = .parked("its outcome cannot be kept: \(error)", .ambiguous)
                        continue
                    }
                    return
                }
            }
        }
    }

    private func tell(_ step: DeliveryStep, of turn: DeliveryTurn) {
        switch step {
        case .parked: logger.warning("a delivery is parked", metadata: turn.metadata)
        case .refused: logger.warning("a delivery was refused", metadata: turn.metadata)
        case .done: logger.debug("a delivery is done", metadata: turn.metadata)
        case .postponed, .dropped: break
        }
    }
}

extension DeliveryTurn {
    /// What all tries of the delivery belong to, and those of other nodes.
    var trace: Trace { Trace(of: delivery.event.uuid) }

    /// What a line of the log names of it.
    var metadata: Logger.Metadata {
        return [
            "delivery": "\(delivery.id)", "peer": "\(delivery.peer)",
            "report": "\(delivery.report)", "attempt": "\(delivery.attempts + 1)",
            "trace": "\(trace.id)",
        ]
    }
}
