import GeoReport

/// One assertion as a file: requests, and what their answers must be.
package struct Vector: Sendable {
    /// The file's name without its extension, such as `022-accept-without-suffix`.
    package let id: String
    /// The requirements it shows, such as `GR-2.1`.
    package let requirements: [String]
    package let level: Level
    /// The number of the assertion, the first three digits of the id.
    package let assertion: Int
    /// What is asserted, for people.
    package let sentence: String
    package let needs: Needs
    package let writes: Bool
    package let runs: Place
    /// Conditions that someone else must bring about, such as `database-gone`.
    package let given: [String]
    package let exchanges: [Exchange]
    /// The formats it is judged in; a vector without `{f}` runs once, as its requests say.
    package let formats: [Format]

    /// How binding an assertion is (GR-0).
    package enum Level: String, Sendable, CaseIterable {
        case must = "MUST"
        case should = "SHOULD"
        case ext = "EXT"
    }

    /// What the server must hold for the vector to mean anything.
    package enum Needs: String, Sendable {
        case any
        /// The jurisdictions and reports of `Specs/GeoReport/Fixture`.
        case fixture
    }

    /// Where a vector can run.
    package enum Place: String, Sendable {
        /// Only where the server's inside can be reached.
        case process
        case everywhere
    }
}

/// One request and the judgement of its answer.
package struct Exchange: Sendable {
    /// What is done first by whoever runs the vector (`do publish-a-new-name`).
    package let act: String?
    package let loop: Loop?
    /// `nil`: only the act.
    package let request: RequestTemplate?
    package let expected: Expected

    /// A repetition of the exchange, once for each value (`for code in codes`).
    package struct Loop: Sendable {
        package let variable: String
        /// A saved list's name, or the values themselves.
        package let source: Source

        package enum Source: Sendable {
            case saved(String)
            case values([String])
        }
    }

    /// A request before its placeholders are filled in.
    package struct RequestTemplate: Sendable {
        package let method: String
        package let target: String
        package let headers: [Line]
        package let body: String
        /// Whether placeholders in the body are percent-encoded, as in a form.
        package let isForm: Bool
    }

    /// A numbered line of the file.
    package struct Line: Sendable {
        package let number: Int
        package let text: String
    }

    /// What the answer must be; its lines are read again once the placeholders are filled in.
    package struct Expected: Sendable {
        package var statuses: [StatusPattern] = []
        /// How long the request is repeated until the answer fits.
        package var patience: Duration = .zero
        package var headers: [Line] = []
        package var checks: [Line] = []
        package var saves: [Save] = []
        /// The whole body, as section 12 of the standard's page prints it.
        package var document: String?
    }

    /// A status, or a class of them (`2xx`).
    package enum StatusPattern: Sendable, CustomStringConvertible {
        case exactly(Int)
        case family(Int)

        package var description: String {
            switch self {
            case .exactly(let status): "\(status)"
            case .family(let digit): "\(digit)xx"
            }
        }

        package func holds(_ status: Int) -> Bool {
            switch self {
            case .exactly(let wanted): status == wanted
            case .family(let digit): status / 100 == digit
            }
        }
    }

    /// A value kept for later exchanges (`save id = [0].service_request_id`).
    package struct Save: Sendable {
        package let name: String
        package let line: Int
        package let source: Source

        package enum Source: Sendable {
            case path(TreePath)
            /// The first group of the pattern in a header, or in the body if there is no header's name.
            case pattern(String, header: String?)
        }
    }
}

/// What a vector says to a server.
package struct VectorRequest: Sendable, Equatable {
    package var method: String
    /// Absolute, and encoded.
    package var url: String
    package var headers: [HeaderLine]
    package var body: [UInt8]

    package init(method: String, url: String, headers: [HeaderLine] = [], body: [UInt8] = []) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// What the server answered; the transport follows no redirect and inflates nothing.
package struct VectorResponse: Sendable, Equatable {
    package var status: Int
    package var headers: [HeaderLine]
    package var body: [UInt8]

    package init(status: Int, headers: [HeaderLine] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// All values of a header, joined by commas, or `nil` if it is absent.
    package func header(_ name: String) -> String? {
        let values = headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }
}

/// One line of a head.
package struct HeaderLine: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// How a request reaches the server: in process, or over a socket.
package typealias Transport = @Sendable (VectorRequest) async throws -> VectorResponse
