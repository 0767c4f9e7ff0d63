import Addresses
import Federation
import Foundation
import class Gateway.ServerCertificate
import Outbound
import Reports

/// Examines what was written down, beyond what makes it unusable.
struct SettingsDoctor {
    let settings: Settings

    init(_ settings: Settings) {
        self.settings = settings
    }

    func examine(_ chart: inout Chart) {
        examineSecrets(&chart)
        examinePublicURL(&chart)
        examineCertificate(at: Date(), &chart)
        for jurisdiction in settings.catalogue.catalogue.jurisdictions {
            let file = settings.catalogue.files[jurisdiction.id] ?? ""
            examineBoundary(of: jurisdiction, file, &chart)
            examineTimeZone(of: jurisdiction, file, &chart)
        }
    }

    /// What the peers' files cannot know: whether their addresses may be called, and how.
    func examinePeers(_ chart: inout Chart) {
        let guardian = OutboundGuard(OutboundGuard.Settings(settings))
        for peer in settings.peers.peering.peers {
            guard let link = settings.peers.links[peer.name] else { continue }
            let flow = Peer.Stream.allCases.filter(peer.flow.contains).map(\.rawValue)
            chart.note(
                .peers, "\(link.file): \(peer.name), \(link.kind), \(flow.joined(separator: ", "))")
            let place = (file: link.file, line: SettingsFile(link.file).line(of: "address"))
            do throws(Refusal) {
                let destination = try guardian.check(link.address)
                if destination.scheme == .http, !link.secrets.isEmpty {
                    chart.add(
                        Complaint(
                            .peers, .warning, "our key goes there unencrypted", advice: "use https"
                        ).at(place.file, line: place.line, key: "address"))
                }
            } catch {
                chart.add(
                    Complaint(
                        .peers, .wrong, "may not be called (\(error.rawValue))",
                        advice: "see outbound.allow and outbound.ports"
                    ).at(place.file, line: place.line, key: "address"))
            }
        }
    }

    /// Files with secrets are refused at once if others may read them; a settings file is not,
    /// though secrets may stand in it.
    private func examineSecrets(_ chart: inout Chart) {
        let file = SettingsFile(settings.file)
        let secrets = SettingKey.all.filter { key in
            if case .secret = key.kind { return file.line(of: key.path) != nil }
            return false
        }
        guard !secrets.isEmpty, FileMode(settings.file).isOpen else { return }
        for key in secrets {
            chart.add(
                Complaint(
                    .secrets, .wrong, "others may read this file, and a secret stands in it",
                    advice: "run chmod 600 \(settings.file), or move it to \(key.path)_file"
                ).at(settings.file, line: file.line(of: key.path), key: key.path))
        }
    }

    private func examinePublicURL(_ chart: inout Chart) {
        let address = settings.http.publicURL
        func complain(_ text: String, _ advice: String) {
            let line = SettingsFile(settings.file).line(of: "http.public_url")
            chart.add(
                Complaint(.publicURL, .warning, text, advice: advice)
                    .at(settings.file, line: line, key: "http.public_url"))
        }
        guard let destination = try? Destination(address) else {
            return complain("\(address) is an address that strict readers refuse", "correct it")
        }
        let isLocal =
            switch destination.host {
            case .name(let name): name.isLocal
            case .address(let address): !address.isPublic
            }
        if isLocal {
            complain(
                "clients elsewhere cannot call \(address)",
                "write the address under which they reach the proxy in front of us")
        } else if destination.scheme == .http {
            complain(
                "keys and people's data would go to \(address) unencrypted",
                "write the https address of the proxy in front of us")
        }
    }

    func examineCertificate(at now: Date, _ chart: inout Chart) {
        guard let files = settings.http.certificate else {
            return chart.note(.certificate, "none: a proxy in front encrypts")
        }
        // One that cannot be used has stopped the reading of the settings.
        guard let expiry = (try? ServerCertificate(files))?.expiry else { return }
        let day = expiry.formatted(.iso8601)
        let days = expiry.timeIntervalSince(now) / 86_400
        guard days < 14 else { return chart.note(.certificate, "valid until \(day)") }
        chart.add(
            Complaint(
                .certificate, days < 0 ? .wrong : .warning,
                days < 0 ? "it was valid until \(day)" : "it is valid until \(day) only",
                advice: "renew it; it is read again when it changes"
            ).at(files.chain))
    }

    /// Mixed up coordinates, or a ring that is folded to a line, would refuse all reports.
    private func examineBoundary(
        of jurisdiction: Jurisdiction, _ file: String, _ chart: inout Chart
    ) {
        guard let boundary = jurisdiction.boundary else { return }
        func complain(_ text: String, _ advice: String) {
            let line = SettingsFile(file).line(of: "boundary")
            chart.add(
                Complaint(.boundaries, .wrong, text, advice: advice)
                    .at(file, line: line, key: "boundary"))
        }
        for ring in boundary.polygons.compactMap(\.first) {
            guard ring.area > 0 else {
                complain("a polygon encloses no area", "draw it again")
                continue
            }
            if ring.span > 15 {
                complain(
                    "a polygon is \(Int(ring.span)) degrees wide",
                    "GeoJSON has the longitude first: see whether the numbers are mixed up")
            }
        }
    }

    private func examineTimeZone(
        of jurisdiction: Jurisdiction, _ file: String, _ chart: inout Chart
    ) {
        let directory = ProcessInfo.processInfo.environment["TZDIR"] ?? "/usr/share/zoneinfo"
        let zone = "\(directory)/\(jurisdiction.timeZone)"
        guard !FileManager.default.isReadableFile(atPath: zone) else { return }
        let line = SettingsFile(file).line(of: "time_zone")
        chart.add(
            Complaint(
                .timeZones, .wrong, "\(zone) is not there",
                advice: "install the time zones (Debian's tzdata)"
            ).at(file, line: line, key: "time_zone"))
    }
}

extension Boundary.Ring {
    /// Square degrees, whichever way round it goes.
    fileprivate var area: Double {
        let parts = zip(self, dropFirst()).map { a, b in
            a.longitude * b.latitude - b.longitude * a.latitude
        }
        return abs(parts.reduce(0, +)) / 2
    }

    /// Degrees, of its longer side.
    fileprivate var span: Double {
        func width(_ numbers: [Double]) -> Double { (numbers.max() ?? 0) - (numbers.min() ?? 0) }
        return Swift.max(width(map(\.latitude)), width(map(\.longitude)))
    }
}

/// Who may read a file.
struct FileMode {
    let bits: Int

    /// The mode of a file; of one that is not there, nobody's.
    init(_ path: String) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        bits = (attributes?[.posixPermissions] as? NSNumber)?.intValue ?? 0
    }

    /// Whether others than the owner may.
    var isOpen: Bool { bits & 0o077 != 0 }
}

/// A file of settings, to find the lines of its keys.
struct SettingsFile {
    private let root: Entry?

    init(_ path: String) {
        var findings = Findings(file: path)
        let text = FileManager.default.contents(atPath: path) ?? Data()
        root = Entry.root(of: String(decoding: text, as: UTF8.self), &findings)
    }

    /// The line of a key such as `http.public_url`, from 1; `nil` if it is left out.
    func line(of key: String) -> Int? {
        var findings = Findings(file: "")
        var entry = root
        for part in key.split(separator: ".") {
            var keys = entry?.keys(&findings)
            entry = keys?.optional(String(part))
        }
        return entry?.line
    }
}
