import Federation
import Foundation
import GeoReport
import Open311
import Reports
import Testing

@Suite struct `A profile` {
    @Test func `is known by its name`() {
        #expect(Set(Profile.all.map(\.name)).count == Profile.all.count)
        for profile in Profile.all { #expect(Profile.named(profile.name) == profile) }
        #expect(Profile.named("lagan") == nil)
    }

    @Test func `knows each word of its own both ways`() {
        for profile in Profile.all where profile.takes.contains(.updates) {
            #expect(Set(profile.statusesOut.keys) == Set(Detail.allCases))
            for (detail, word) in profile.statusesOut {
                #expect(profile.statusesIn[Mapping.StatusWord(word)]?.detail == detail)
            }
        }
        for profile in Profile.all {
            #expect(profile.statusesIn[Mapping.StatusWord("Closed")]?.detail == .closed)
        }
        let adapter = Profile.adapter.statusesIn
        #expect(
            adapter[Mapping.StatusWord("not_councils_responsibility")]?.verdict == .refuses)
        #expect(adapter[Mapping.StatusWord("unchanged")]?.detail == .some(nil))
    }

    @Test func `says what it can do`() {
        #expect(Profile.georeport.traits.looks == 50)
        #expect(Profile.citySDK.traits.looks == 0, "it tells what has changed")
        #expect(Profile.adapter.traits.looks == 0, "it lists updates")
        #expect(!Profile.fixmystreet.traits.carries.contains(.reports))
        #expect(!Profile.georeport.traits.carries.contains(.updates))
        #expect(Profile.viaduct.traits.resend == .idempotent)
        #expect(Profile.viaduct.traits.carries.contains(.provenance))
        for profile in Profile.all {
            #expect(profile.traits.carries.contains(.erasure) == (profile.name == "viaduct"))
        }
    }

    @Test func `can be changed for one peer`() throws {
        let profile = try Profile.georeport.changed(by: [
            "format": "json", "key_on": "all", "needs": "email, address", "window_to": "none",
            "facts": "fixmystreet_id=id, url=address", "successes": "200, 202", "pages": "offset",
            "page_name": "offset", "updates": "polled", "takes": "none", "most_rows": "50",
        ])
        #expect(profile.format == .json && profile.keyOn == .all)
        #expect(profile.needs == [.email, .address] && profile.takes == [])
        #expect(profile.facts == ["fixmystreet_id": .id, "url": .address])
        #expect(profile.successes == [200, 202])
        #expect(profile.reports.pages == .offset && profile.reports.pageName == "offset")
        #expect(profile.reports.to == nil && profile.reports.most == 50)
        #expect(profile.updates == .polled)
    }

    @Test(arguments: [
        ("format", "csv"), ("format", "XML"), ("suffix", ""), ("needs", "email, fax"),
        ("page_size", "0"), ("page_size", "many"), ("first_page", "2"), ("facts", "a=b"),
        ("successes", "404"), ("successes", "200, x"), ("window_from", "a b"), ("colour", "red"),
    ])
    func `cannot be changed into nonsense`(key: String, value: String) {
        do throws(Profile.Mistake) {
            _ = try Profile.georeport.changed(by: [key: value])
            Issue.record("\(key): \(value) was taken")
        } catch {
            #expect(error.key == key)
            #expect(!error.advice.isEmpty)
        }
    }

    @Test func `explains each value that can be changed`() {
        #expect(Profile.changeable.values.allSatisfy { !$0.isEmpty })
    }
}

@Suite struct `What is sent to a peer` {
    @Test func `never shows the key`() {
        let settings = Open311Settings(
            profile: .georeport, address: "https://p.example", apiKey: "s3cret", flow: [])
        #expect(!"\(settings)".contains("s3cret"))
        #expect(!String(reflecting: settings).contains("s3cret"))
    }

    /// Every profile, whatever it is told, sends what its server has declared and nothing else.
    @Test func `holds no parameter that a strict peer has not declared`() async throws {
        let calls = Recording(Array(repeating: Wire.Reply(status: 400), count: 20))
        let now = Date(timeIntervalSince1970: 1_776_643_200)
        let wire = Wire(now: { now }) { call throws(PeerError) in try await calls.answer(call) }
        var settings = Open311Settings(
            profile: .adapter, address: "https://a.example/", jurisdiction: "x", apiKey: "k",
            flow: [.reportsIn, .updatesIn], parameters: [.init("locale", "bg")])
        settings.profile.extensions = .asked
        settings.profile.titles = .parameter
        settings.profile.status = "open,closed"
        settings.profile.reports.pages = .numbered
        let adapter = Open311Adapter(settings)
        _ = try? await adapter.collect(after: nil, over: wire)
        _ = try? await adapter.look(at: ["1", "2"], over: wire)
        _ = try? await adapter.look(at: ["1"], over: wire)
        _ = try? await adapter.resolve("t", over: wire)
        _ = try? await adapter.check(over: wire)
        let allowed: Set = [
            "jurisdiction_id", "api_key", "service_request_id", "service_code", "status",
            "start_date", "end_date",
        ]
        for call in await calls.calls {
            let names = URLComponents(string: call.address)?.queryItems?.map(\.name) ?? []
            #expect(Set(names).isSubset(of: allowed), "\(call.address)")
            let isKeyless = ["services", "tokens", "requests/"].contains {
                call.address.contains("/" + $0)
            }
            if isKeyless { #expect(!names.contains("api_key"), "\(call.address)") }
        }
    }
}
