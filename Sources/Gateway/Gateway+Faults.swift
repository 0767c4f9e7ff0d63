import CaseStore
import GeoReport

extension Gateway {
    /// The errors body of a fault, in the format that was asked for; never HTML (GR-10).
    func failure(_ fault: Fault, as format: Format) -> EdgeResponse {
        let format: Format = format == .geojson || format == .csv ? .json : format
        var headers: [(name: String, value: String)] = [
            ("Content-Type", format.contentType), ("Cache-Control", "no-store"),
        ]
        switch fault.kind {
        case .methodNotAllowed(let methods):
            headers.append(("Allow", methods.joined(separator: ", ")))
        case .tooMany(let wait), .unavailable(let wait):
            headers.append(("Retry-After", String(wait.retrySeconds)))
        case .inFlight:
            headers.append(("Retry-After", "1"))
        case .unsigned:
            // Whoever answers 401 names a scheme (RFC 9110, 15.5.2); no registry has this one.
            headers.append(("WWW-Authenticate", "StandardWebhooks"))
        default:
            break
        }
        let told = told(fault)
        return EdgeResponse(
            status: told.status, headers: headers,
            body: .bytes(Documents.errors(told, as: format)))
    }

    /// GeoReport knows no 500 and 503; whoever wants its own code gets it (GR-A71).
    private func told(_ fault: Fault) -> Fault {
        guard settings.errorCodes == .strict, fault.status >= 500 else { return fault }
        return Fault(.malformed, fault.problems)
    }

    /// Asks the case store if it is not asked too much already, and tells its failures as faults.
    func asking<R: Sendable>(
        _ work: () async throws(CaseStoreError) -> R
    ) async throws(Fault) -> R {
        try admit()
        return try await telling(work)
    }

    /// Refuses a request while too many others are being answered.
    func admit() throws(Fault) {
        guard metrics.inFlight.value <= settings.mostInFlight else {
            throw Fault(
                .unavailable(retryAfter: .seconds(1)), "The server is busy; try again soon.")
        }
    }

    /// Asks the case store for a request that was admitted, and tells its failures as faults.
    func telling<R: Sendable>(
        _ work: () async throws(CaseStoreError) -> R
    ) async throws(Fault) -> R {
        do {
            return try await work()
        } catch {
            throw fault(error)
        }
    }

    /// A failure of the case store as a fault; what is behind it is for the log.
    func fault(_ error: CaseStoreError) -> Fault {
        switch error {
        case .unavailable, .timeout:
            return Fault(
                .unavailable(retryAfter: .seconds(2)),
                "The server cannot reach its database; try again soon.")
        case .locked:
            return Fault(
                .unavailable(retryAfter: .seconds(60)),
                "The server cannot keep what people tell just now; try again later.")
        case .inFlight:
            return Fault(.inFlight, "Idempotency-Key: its first POST is still being taken.")
        case .keyReused:
            return Fault(.keyReused, "Idempotency-Key was used for another report.")
        case .quotaUsedUp:
            return Fault(
                .tooMany(retryAfter: .seconds(3600)),
                "media: this key has sent all the pictures that it may today; "
                    + "send the report without them.")
        case .unknownOrigin:
            return Fault(.malformed, "The path says that this has been here, and it has not.")
        case .taken, .unpublished, .defect:
            logger.error("the case store refused", metadata: ["reason": .string("\(error)")])
            return Fault(.failed, "The server made a mistake; it has been noted.")
        }
    }
}
