import Reports

/// Which key a call needs: the one table that calls are judged by, and that `viaduct key rights` prints
/// for Specs/Rights.md (A3).
package enum Right: String, Sendable, CaseIterable {
    case discovery = "GET /discovery"
    case services = "GET /services"
    case service = "GET /services/{service_code}"
    case requests = "GET /requests"
    case request = "GET /requests/{service_request_id}"
    case privateRequest = "GET /requests/{service_request_id} of a private report"
    case candidates = "GET /candidates"
    case updates = "GET /servicerequestupdates"
    case token = "GET /tokens/{token}"
    case media = "GET /media/{name}"
    case create = "POST /requests"
    case support = "POST /requests/{service_request_id}/support"
    case update = "POST /servicerequestupdates"
    case notes = "GET /requests/{service_request_id}/notes"
    case erase = "POST /requests/{service_request_id}/erasure"
    case changes = "GET /changes"
    case webhooks = "GET /webhooks"
    case subscribe = "POST /webhooks"
    case webhook = "GET /webhooks/{id} of another key"
    case unsubscribe = "DELETE /webhooks/{id} of another key"
    case audit = "GET /audit"
    case auditOfReport = "GET /audit of one report"

    /// Any of these; none: no key is needed.
    var scopes: Set<Client.Scope> {
        switch self {
        case .discovery, .services, .service, .requests, .request, .privateRequest, .candidates,
            .updates, .token, .media:
            []
        case .create, .support: [.report]
        case .update: [.update]
        case .notes: [.staff]
        case .erase: [.supervisor]
        case .changes, .webhooks, .subscribe, .webhook, .unsubscribe: [.follow]
        case .audit: [.auditor]
        case .auditOfReport: [.auditor, .supervisor]
        }
    }

    /// Whether the key must be for the jurisdiction that is asked; webhooks belong to the key.
    private var isPlaced: Bool {
        switch self {
        case .webhooks, .webhook, .unsubscribe: false
        default: true
        }
    }

    /// Whether who may ask finds something; what is private, another's or guessed is as unknown as what
    /// is not there (A4).
    private var isFound: Bool {
        switch self {
        case .privateRequest, .token, .media, .webhook, .unsubscribe: false
        default: true
        }
    }

    /// Whose call it is, in the table.
    enum Kind {
        case nobody
        /// A key that was made with this scope alone, for the jurisdiction.
        case scope(Client.Scope)
        /// A key with all scopes for another jurisdiction.
        case elsewhere
        /// A key that was revoked, or is retired.
        case revoked

        static var all: [Kind] {
            [.nobody] + Client.Scope.allCases.map(Kind.scope) + [.elsewhere, .revoked]
        }

        var title: String {
            switch self {
            case .nobody: "no key"
            case .scope(let scope): "`\(scope.rawValue)`"
            case .elsewhere: "all, elsewhere"
            case .revoked: "revoked"
            }
        }
    }

    /// What the call is answered to such a key: `yes`, or the status.
    func answer(to kind: Kind) -> String {
        let isGranted =
            switch kind {
            case _ where scopes.isEmpty: true
            case .nobody, .revoked: false
            case .scope(let scope): !scopes.isDisjoint(with: scope.included)
            case .elsewhere: !isPlaced
            }
        return !isGranted ? "403" : isFound ? "yes" : "404"
    }

    /// All of it, in Markdown.
    package static var table: String {
        let titles = Kind.all.map(\.title)
        let rows = allCases.map { right in
            let parts = right.rawValue.split(separator: " of ", maxSplits: 1)
            let words = parts.count > 1 ? " of \(parts[1])" : ""
            return ["`\(parts[0])`" + words] + Kind.all.map(right.answer)
        }
        let lines = [["Call"] + titles, titles.map { _ in "---" } + ["---"]] + rows
        return lines.map { cells in
            cells[0] == "---"
                ? "|\(cells.joined(separator: "|"))|" : "| \(cells.joined(separator: " | ")) |"
        }.joined(separator: "\n")
    }
}

extension Client {
    /// Whether the client may make this call here.
    func has(_ right: Right, in jurisdiction: Jurisdiction.ID) -> Bool {
        right.scopes.contains { may($0, in: jurisdiction) }
    }
}
