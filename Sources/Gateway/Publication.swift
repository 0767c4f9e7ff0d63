import FoundationEssentials
import GeoReport
import Reports
import Synchronization

/// The catalogue that is served now, and the answers prepared from it.
///
/// A class, because every connection shares it and a reload swaps it; a mutex guards the one
/// reference that changes.
package final class Publication: Sendable {
    private let current: Mutex<Published>
    private let digest: @Sendable ([UInt8]) -> [UInt8]

    /// The hash makes the entity tags; it is SHA-256 everywhere but in tests that want to see it.
    package init(
        _ catalogue: Catalogue, changesets: [Jurisdiction.ID: Date],
        digest: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) {
        self.digest = digest
        current = Mutex(Published(catalogue, changesets: changesets, digest: digest))
    }

    /// Serves another catalogue from the next request on.
    package func publish(_ catalogue: Catalogue, changesets: [Jurisdiction.ID: Date]) {
        let next = Published(catalogue, changesets: changesets, digest: digest)
        current.withLock { $0 = next }
    }

    /// The catalogue that is served now.
    package var catalogue: Catalogue { now.catalogue }

    var now: Published { current.withLock { $0 } }
}

/// One catalogue with its answers, which never change.
///
/// A class for the answers that it keeps once somebody has asked for them, under a mutex.
final class Published: Sendable {
    let catalogue: Catalogue
    private let changesets: [Jurisdiction.ID: Date]
    private let digest: @Sendable ([UInt8]) -> [UInt8]
    private let kept = Mutex<[Variant: Prepared]>([:])

    /// Languages come in any combination; more than these are made anew each time.
    private static let mostKept = 512

    init(
        _ catalogue: Catalogue, changesets: [Jurisdiction.ID: Date],
        digest: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) {
        self.catalogue = catalogue
        self.changesets = changesets
        self.digest = digest
        for jurisdiction in catalogue.jurisdictions {
            for format in [Format.xml, .json] {
                _ = services(ServicesCall(), in: jurisdiction, as: format)
            }
        }
    }

    /// An answer and its entity tag.
    struct Prepared: Sendable {
        let bytes: [UInt8]
        let tag: String
    }

    private struct Variant: Hashable {
        let jurisdiction: Jurisdiction.ID
        let service: Service.Code?
        let languages: [Language]
        let format: Format
    }

    /// When what is published for a jurisdiction last changed.
    func changeset(of jurisdiction: Jurisdiction) -> Date {
        changesets[jurisdiction.id] ?? Date(timeIntervalSince1970: 0)
    }

    /// The answer to `GET services`.
    func services(
        _ call: ServicesCall, in jurisdiction: Jurisdiction, as format: Format
    ) -> Prepared {
        var call = call
        call.languages = offered(call.languages, in: jurisdiction)
        guard call == ServicesCall(languages: call.languages) else {
            return prepared(Documents.services(call, in: jurisdiction, as: format))
        }
        let variant = Variant(
            jurisdiction: jurisdiction.id, service: nil, languages: call.languages, format: format)
        return keep(variant) { Documents.services(call, in: jurisdiction, as: format) }
    }

    /// The answer to `GET services/{code}`.
    func definition(
        _ service: Service, in jurisdiction: Jurisdiction, languages: [Language], as format: Format
    ) -> Prepared {
        let languages = offered(languages, in: jurisdiction)
        let variant = Variant(
            jurisdiction: jurisdiction.id, service: service.code, languages: languages,
            format: format)
        return keep(variant) {
            Documents.definition(of: service, in: jurisdiction, languages: languages, as: format)
        }
    }

    /// Bytes with their entity tag: half of the hash is more than enough to tell versions apart.
    func prepared(_ bytes: [UInt8]) -> Prepared {
        let digits = digest(bytes).prefix(16).map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }
        return Prepared(bytes: bytes, tag: "\"" + digits.joined() + "\"")
    }

    /// Without the languages that cannot change the answer, each once: repetitions would fill what
    /// is kept.
    private func offered(_ languages: [Language], in jurisdiction: Jurisdiction) -> [Language] {
        var seen: Set<Language> = []
        let wanted = languages.filter {
            jurisdiction.languages.contains($0) && seen.insert($0).inserted
        }
        return wanted == [jurisdiction.defaultLanguage] ? [] : wanted
    }

    private func keep(_ variant: Variant, _ make: () -> [UInt8]) -> Prepared {
        if let known = kept.withLock({ $0[variant] }) { return known }
        let fresh = prepared(make())
        kept.withLock { if $0.count < Self.mostKept { $0[variant] = fresh } }
        return fresh
    }
}
