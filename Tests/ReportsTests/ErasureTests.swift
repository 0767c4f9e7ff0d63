import Reports
import Testing

@Suite struct ErasureTests {
    @Test func `an erasure has each part once, in one order`() {
        #expect(Erasure([.photos, .contact, .photos])?.parts == [.contact, .photos])
        #expect(Erasure([Erasure.Part]()) == nil)
        #expect(Erasure.everything.text == "contact,text,photos")
    }

    @Test(arguments: Erasure.Part.allCases)
    func `what is written is read`(part: Erasure.Part) {
        for erasure in [Erasure.everything, .contact, Erasure([part]) ?? .contact] {
            #expect(Erasure(parsing: erasure.text) == erasure)
        }
        #expect(Erasure(parsing: "photos,contact") == Erasure([.contact, .photos]))
    }

    @Test(arguments: ["", ",", "contact,", "Contact", "contact, text", "all"])
    func `what names no part is none`(text: String) {
        #expect(Erasure(parsing: text) == nil)
    }
}
