import Foundation
import Testing

@testable import CaseStore

/// P3, as far as it needs no database.
@Suite struct DataKeyTests {
    private static let keys = DataKeys(.made())
    private static let text = "Call 0888 123 456"

    private static func sealed(_ keys: DataKeys = keys) -> [UInt8] {
        keys.seal(text, .original, "sofia-1")
    }

    @Test func `what is sealed is opened, and never looks the same twice`() {
        for text in ["", Self.text, String(repeating: "Дупка ", count: 5000)] {
            let sealed = Self.keys.seal(text, .original, "sofia-1")
            #expect(sealed.count == DataKey.overhead + text.utf8.count)
            #expect(Self.keys.text(sealed, .original, "sofia-1") == text)
        }
        #expect(Self.sealed() != Self.sealed())
    }

    /// Made by another implementation (Python's hmac and cryptography) after the form that Decisions
    /// 0013 describes.
    @Test func `what another implementation sealed is opened`() throws {
        let key = try #require(DataKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))
        #expect(key.id.description == "532c78fc")
        #expect(
            key.mark("a@example.org", of: .email).hexadecimal
                == "361110d83eb792c0fd7fc77263ac2c62d3349e437877e0aa3a15c42af813d366")
        let hexadecimal =
            "01532c78fc000102030405060708090a0b"
            + "010547a0634781559af7b4ca749585f24081be60ca4444765c33d47d37744269f4"
        let sealed = stride(from: 0, to: hexadecimal.count, by: 2).compactMap { offset in
            UInt8(hexadecimal.dropFirst(offset).prefix(2), radix: 16)
        }
        #expect(DataKeys(key).text(sealed, .original, "sofia-1") == Self.text)
    }

    @Test func `a bit that was changed anywhere is seen`() {
        let sealed = Self.sealed()
        for index in sealed.indices {
            for bit in 0..<8 {
                var changed = sealed
                changed[index] ^= 1 << bit
                #expect(Self.keys.open(changed, .original, "sofia-1") == nil, "\(index) \(bit)")
            }
        }
        for length in sealed.indices {
            #expect(Self.keys.open(Array(sealed.prefix(length)), .original, "sofia-1") == nil)
        }
    }

    @Test func `in another row, another field or under another key it is nothing`() {
        let sealed = Self.sealed()
        #expect(Self.keys.open(sealed, .original, "sofia-2") == nil)
        #expect(Self.keys.open(sealed, .inbox, "sofia-1") == nil)
        #expect(DataKeys.made().open(sealed, .original, "sofia-1") == nil)
        // A row cannot be written so that it seems to be of another field.
        let other = Self.keys.seal(Self.text, .contact, "x")
        #expect(Self.keys.open(other, .contactDevice, "x") == nil)
    }

    @Test func `what another program makes of a text for the audit log is the same`() throws {
        let key = try #require(DataKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))
        #expect(
            key.auditMark("Fixed", of: .text)
                == "532c78fc:bde283cd6b4a38ee6efa10dff661a99e5f46c243246496b3b562df2925d17bf0")
    }

    @Test func `a former key opens, and the current one seals`() throws {
        let (old, new) = (DataKey.made(), DataKey.made())
        let sealed = Self.sealed(DataKeys(old))
        let both = DataKeys(new, former: [old])
        #expect(both.text(sealed, .original, "sofia-1") == Self.text)
        #expect(DataKey.id(of: Self.sealed(both)) == new.id)
        #expect(DataKeys(new).open(sealed, .original, "sofia-1") == nil)
        #expect(both.marks("a@example.org", of: .email).count == 2)
        #expect(both.marks(nil, of: .email).isEmpty)
    }

    @Test func `keys are read from lines, the first one the current one`() throws {
        let (one, two) = (DataKey.made(), DataKey.made())
        let text = "# for people\n\n\(one.text)   # since May\r\n\(two.text)"
        let keys = try DataKeys(parsing: text)
        #expect(keys.current == one && keys.former == [two])
        #expect(keys.ids == [one.id, two.id])
        #expect(try DataKeys(parsing: "\(one.text) \(two.text)") == keys, "as in a variable")
        #expect(one.id.description.count == 8)
    }

    @Test(arguments: [
        ("", DataKeys.Flaw.empty), ("# nothing\n\n", .empty), ("\nabc", .noKey(line: 2)),
        ("AAAA", .noKey(line: 1)),
        (
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n" + String(repeating: "A", count: 44),
            .noKey(line: 2)
        ),
        (
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            .twice(line: 2)
        ),
    ])
    func `a line that is no key is named`(text: String, flaw: DataKeys.Flaw) {
        #expect(throws: flaw) { try DataKeys(parsing: text) }
    }

    @Test func `people are found however they write their address and number`() {
        #expect(SealedPerson.name(email: " Ann@Example.ORG ") == "ann@example.org")
        #expect(SealedPerson.name(email: "  ") == nil && SealedPerson.name(email: nil) == nil)
        #expect(SealedPerson.name(phone: "+359 (877) 66-0001") == "359877660001")
        #expect(SealedPerson.name(phone: "00359 877 660001") == "359877660001")
        #expect(SealedPerson.name(phone: "none") == nil)
    }
}
