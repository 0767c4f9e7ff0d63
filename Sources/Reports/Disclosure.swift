#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How much of what people tell the public is shown.
package struct Disclosure: Sendable, Equatable {
    package var masking: Masking
    package var precision: Service.Precision
    /// The questions whose answers the public is not shown at all.
    package var hidden: Set<Attribute.Code>

    package init(
        masking: Masking = .on, precision: Service.Precision = .exact,
        hidden: Set<Attribute.Code> = []
    ) {
        self.masking = masking
        self.precision = precision
        self.hidden = hidden
    }

    /// What the settings say of a jurisdiction's service; of one that is not in the catalogue, only
    /// what they say of the jurisdiction.
    package init(_ jurisdiction: Jurisdiction, _ service: Service?) {
        self.init(
            masking: jurisdiction.privacy.masking, precision: service?.precision ?? .exact,
            hidden: Set(
                (service?.attributes ?? []).filter { $0.visibility == .private }.map(\.code)))
    }

    /// What the public is shown of it, and of what that differs from the original.
    package func shown(of told: Original) -> (shown: Original, original: Original) {
        var shown = told
        let texts: [WritableKeyPath<Original, String?>] = [\.title, \.description, \.address]
        for text in texts { shown[keyPath: text] = told[keyPath: text].map(masking.masked) }
        shown.answers = told.answers.map { answers in
            answers.map { Answer(code: $0.code, values: $0.values.map(masking.masked)) }
        }
        let isMasked = told.answers != shown.answers
        let apart = (shown.answers ?? []).filter { hidden.contains($0.code) }
        shown.answers?.removeAll { hidden.contains($0.code) }
        if shown.answers?.isEmpty == true, !apart.isEmpty { shown.answers = nil }
        if case .coarse(let metres) = precision {
            shown.coordinate = told.coordinate.map { $0.coarse(to: metres) }
            shown.address = nil
            shown.addressID = nil
        }
        var original = told.differing(from: shown)
        original.answers = isMasked ? told.answers : nil
        original.hidden = apart.isEmpty ? nil : apart
        return (shown, original)
    }
}

/// What a person told of a report, where the public is shown something else: with masks, or only
/// roughly where. Staff see it, and handlers for whom that has a purpose.
package struct Original: Sendable, Equatable {
    package var title: String?
    package var description: String?
    package var address: String?
    package var addressID: String?
    package var coordinate: Coordinate?
    /// All answers, if masks were put over any of them.
    package var answers: [Answer]?
    /// The answers to private questions, with masks: they are nowhere else, if they are here.
    package var hidden: [Answer]?

    package init(
        title: String? = nil, description: String? = nil, address: String? = nil,
        addressID: String? = nil, coordinate: Coordinate? = nil, answers: [Answer]? = nil,
        hidden: [Answer]? = nil
    ) {
        self.title = title
        self.description = description
        self.address = address
        self.addressID = addressID
        self.coordinate = coordinate
        self.answers = answers
        self.hidden = hidden
    }

    /// Whether the public is shown all of it.
    package var isEmpty: Bool { self == Original() }

    /// The same, with what was told wherever that is known.
    package func restored(by original: Original) -> Original {
        Original(
            title: original.title ?? title, description: original.description ?? description,
            address: original.address ?? address, addressID: original.addressID ?? addressID,
            coordinate: original.coordinate ?? coordinate,
            answers: original.answers(beside: answers ?? []) ?? answers)
    }

    fileprivate func differing(from shown: Original) -> Original {
        Original(
            title: title == shown.title ? nil : title,
            description: description == shown.description ? nil : description,
            address: address == shown.address ? nil : address,
            addressID: addressID == shown.addressID ? nil : addressID,
            coordinate: coordinate == shown.coordinate ? nil : coordinate,
            answers: answers == shown.answers ? nil : answers)
    }

    /// What was answered to all questions, `shown` being what the public is shown of it; `nil` if
    /// that is all.
    package func answers(beside shown: [Answer]) -> [Answer]? {
        answers ?? hidden.map { shown + $0 }
    }
}

extension Service {
    /// How exactly the public is shown where a report of it is.
    package enum Precision: Sendable, Equatable {
        case exact
        /// Which square of a grid of so many metres; no address.
        case coarse(metres: Double)
    }
}

extension Coordinate {
    /// The middle of its square in a grid of so many metres.
    ///
    /// The grid is the same for all points, so that several reports of one place tell no more than
    /// one does.
    package func coarse(to metres: Double) -> Coordinate {
        let metresPerDegree = 111_320.0
        func middle(_ degrees: Double, _ step: Double) -> Double {
            let middle = ((degrees / step).rounded(.down) + 0.5) * step
            return (middle * 1_000_000).rounded() / 1_000_000
        }
        let row = middle(latitude, metres / metresPerDegree)
        let width = metresPerDegree * max(cos(min(abs(row), 89) * .pi / 180), 0.01)
        let column = middle(longitude, metres / width)
        return Coordinate(
            latitude: min(max(row, -90), 90), longitude: min(max(column, -180), 180)) ?? self
    }
}

extension Report {
    /// The report as it was told: for staff, and for handlers.
    package func restored(by original: Original) -> Report {
        var report = self
        report.title = original.title ?? title
        report.description = original.description ?? description
        report.address = original.address ?? address
        report.addressID = original.addressID ?? addressID
        report.coordinate = original.coordinate ?? coordinate
        report.answers = original.answers(beside: answers) ?? answers
        return report
    }
}

extension ReportBytes {
    /// The report as it was told, for the time of `body`.
    package func restored<Result>(
        by original: Original, _ body: (ReportBytes) -> Result
    ) -> Result {
        var title = original.title ?? ""
        var description = original.description ?? ""
        var address = original.address ?? ""
        var addressID = original.addressID ?? ""
        return title.withUTF8 { title in
            description.withUTF8 { description in
                address.withUTF8 { address in
                    addressID.withUTF8 { addressID in
                        var report = self
                        if original.title != nil { report.title = Text(title) }
                        if original.description != nil { report.description = Text(description) }
                        if original.address != nil { report.address = Text(address) }
                        if original.addressID != nil { report.addressID = Text(addressID) }
                        if let place = original.coordinate { report.coordinate = place }
                        report.answers = original.answers(beside: report.answers) ?? report.answers
                        return body(report)
                    }
                }
            }
        }
    }
}
