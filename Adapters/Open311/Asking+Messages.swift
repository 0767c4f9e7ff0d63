import Federation
import FoundationEssentials
import GeoReport
import Reports

/// Why a message cannot be said in the peer's way.
struct Unsayable: Error {
    let reason: String
}

extension Asking {
    private var profile: Profile { settings.profile }

    /// The POST of a report (GR-6.1).
    func post(_ report: OutgoingReport, of message: Message) throws(Unsayable) -> Wire.Call {
        var form = Arguments()
        form.add("service_code", report.service)
        try add(report.place, of: report, to: &form)
        if profile.titles == .parameter { form.add("title", report.title) }
        form.add("description", text(of: report))
        form.add("first_name", report.reporter.firstName)
        form.add("last_name", report.reporter.lastName)
        form.add("email", try email(of: report.reporter))
        form.add("phone", report.reporter.phone)
        add(media: report.media, to: &form)
        for answer in report.answers { add(answer, to: &form) }
        for (code, fact) in profile.facts.sorted(by: { $0.key < $1.key }) {
            form.add("attribute[\(code)]", self.fact(fact, of: report))
        }
        return proven(post(.newReport, form), as: message)
    }

    /// The POST of an update (GR-13.2).
    func post(
        _ update: OutgoingUpdate, about id: String, of message: Message
    ) -> Wire.Call {
        var form = Arguments()
        form.add("service_request_id", id)
        // The same for every try, and short enough for any column.
        form.add("update_id", update.id.rawValue)
        form.add("updated_datetime", text(update.told))
        form.add("status", update.status ?? "UNCHANGED")
        form.add("description", text(of: update))
        form.add("first_name", update.author.firstName)
        form.add("last_name", update.author.lastName)
        form.add("email", update.author.email)
        form.add("phone", update.author.phone)
        form.add("service_code", update.service)
        add(media: update.media, to: &form)
        return proven(post(.newUpdate, form), as: message)
    }

    /// The POST that has something of a report forgotten (Specs/Peering.md, P13).
    func post(_ erasure: Erasure, of id: String, as message: Message) -> Wire.Call {
        var form = Arguments()
        form.add("parts", erasure.text)
        return proven(post(.erasure, at: id, form), as: message)
    }

    /// What a strict or careful peer wants in front of the body: who we are, and that this is the
    /// same message as before.
    private func proven(_ call: Wire.Call, as message: Message) -> Wire.Call {
        guard profile.marker == .header else { return call }
        var call = call
        call.headers.append(Wire.Header("Idempotency-Key", "\"\(message.key)\""))
        return call
    }

    /// The coordinate, and whatever else is known of the place (GR-6.1).
    private func add(
        _ place: Place?, of report: OutgoingReport, to form: inout Arguments
    ) throws(Unsayable) {
        let point = place?.coordinate
        guard point != nil || !profile.needs.contains(.coordinate) else {
            throw Unsayable(reason: "this peer takes no report without a coordinate")
        }
        form.add("lat", point.map { Self.degrees($0.latitude) })
        form.add("long", point.map { Self.degrees($0.longitude) })
        form.add("address_string", address(of: report))
        form.add("address_id", place?.addressID)
    }

    /// The address with its postcode; where one is needed and none is known, the coordinate.
    private func address(of report: OutgoingReport) -> String? {
        if var address = report.place?.address {
            if let zipcode = report.zipcode, !address.contains(zipcode) {
                address += ", " + zipcode
            }
            return address
        }
        guard profile.needs.contains(.address), let point = report.place?.coordinate else {
            return nil
        }
        return Self.degrees(point.latitude) + ", " + Self.degrees(point.longitude)
    }

    private func email(of reporter: Reporter) throws(Unsayable) -> String? {
        if let email = reporter.email { return email }
        guard profile.needs.contains(.email) else { return nil }
        guard let email = settings.email else {
            throw Unsayable(
                reason: "this peer takes no report without an e-mail address; set one that "
                    + "stands in for reporters who have none")
        }
        return email
    }

    /// Title, text, our address and what finds no other place, with blank lines between.
    func text(of report: OutgoingReport) -> String {
        var parts: [String] = []
        if profile.titles == .text, let title = report.title { parts.append(title) }
        if let description = report.description { parts.append(description) }
        parts += unplaced(report.media)
        if profile.marker == .text { parts.append(report.address) }
        return parts.joined(separator: "\n\n")
    }

    /// The text of an update; those who take updates take none without a text.
    func text(of update: OutgoingUpdate) -> String {
        let said = update.description.map { [$0] } ?? []
        let parts = said + unplaced(update.media)
        return parts.isEmpty ? Self.words(for: update.detail) : parts.joined(separator: "\n\n")
    }

    /// What is said where nothing was: the status, in words.
    private static func words(for detail: Detail) -> String {
        detail.rawValue.prefix(1)
            + detail.rawValue.dropFirst().lowercased().replacing("_", with: " ")
    }

    /// Pictures that no parameter has a place for.
    private func unplaced(_ media: [String]) -> [String] {
        switch profile.media {
        case .text: media
        case .first: Array(media.dropFirst())
        case .repeated, .brackets: []
        }
    }

    private func add(media: [String], to form: inout Arguments) {
        switch profile.media {
        case .text: break
        case .first: form.add("media_url", media.first)
        case .repeated: for address in media { form.add("media_url", address) }
        case .brackets: for address in media { form.add("media_url[]", address) }
        }
    }

    /// `attribute[X]`; of several values `attribute[X][]`, or the name again (GR-A34).
    private func add(_ answer: PeerAnswer, to form: inout Arguments) {
        let isList = answer.values.count > 1 && profile.multiValues == .brackets
        for value in answer.values {
            form.add("attribute[\(answer.code)]" + (isList ? "[]" : ""), value)
        }
    }

    private func fact(_ fact: Profile.Fact, of report: OutgoingReport) -> String? {
        switch fact {
        case .id: report.id.rawValue
        case .address: report.address
        case .title: report.title
        case .description: report.description
        case .place: report.place?.address
        case .requested: text(report.requested)
        }
    }

    private static func degrees(_ value: Double) -> String {
        var bytes: [UInt8] = []
        DecimalDegrees.append(value, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
