package dev.kinema.report;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/** A page, or a part of one, read by the JDK's XML parser: what does not nest or is not escaped fails here. */
record PageMarkup(Document document) {
    static PageMarkup of(String html) {
        String xml = html.replaceFirst("<!doctype html>", "").replaceAll("(?s)(<(style|script)[^>]*>).*?</\\2>", "$1</$2>")
            .replaceAll("<((?:meta|img|input)\\b[^>]*)>", "<$1/>").replaceAll(" (checked)(?=[/ >])", " $1=\"\"");
        try {
            return new PageMarkup(DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(xml))));
        } catch (SAXException | ParserConfigurationException e) {
            throw new AssertionError("the markup is not well-formed: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Elements of a name, and of a class where one is given. */
    List<Element> all(String name, String style) {
        List<Element> found = new ArrayList<>();
        for (int i = 0; i < document.getElementsByTagName(name).getLength(); i++) {
            Element element = (Element) document.getElementsByTagName(name).item(i);
            if (style.isEmpty() || List.of(element.getAttribute("class").split(" ")).contains(style)) {
                found.add(element);
            }
        }
        return found;
    }

    /** Every drawing's path is made of finite coordinates, every picture has words, and every drawing and picture has a role. */
    void assertLegible() {
        for (Element path : all("path", "")) {
            for (String piece : path.getAttribute("d").split("(?=[MLHV])")) {
                assertTrue(piece.matches("(?:[MLHV]-?[0-9.E]+(?: -?[0-9.E]+)?(?:h0)?)?"), () -> "a path with " + piece);
            }
        }
        for (Element svg : all("svg", "")) {
            assertTrue(svg.getAttribute("role").equals("img") ? svg.getElementsByTagName("title").getLength() == 1
                && svg.getElementsByTagName("desc").getLength() == 1 : svg.getAttribute("aria-hidden").equals("true"));
        }
        for (Element picture : all("i", "picture")) {
            Element named = picture.hasAttribute("role") ? picture : (Element) picture.getParentNode();
            assertTrue(named.getAttribute("role").equals("img") && !named.getAttribute("aria-label").isBlank(), "a picture without words");
        }
        for (Element image : all("img", "")) {
            assertTrue(image.hasAttribute("alt"));
        }
    }

    /** Nothing of the page lies elsewhere. */
    static void assertLoadsNothing(String html) {
        assertTrue(html.contains("default-src &#39;none&#39;"), "the page forbids itself to load");
        assertFalse(Pattern.compile("https?:|[\"'(=]//").matcher(html.replaceAll("base64,[A-Za-z0-9+/=]*", "")).find());
        Matcher source = Pattern.compile("(?:src=\"|href=\"|url\\()(?!data:)").matcher(html);
        assertFalse(source.find(), "something is loaded");
    }

    /** Writes an example to look at. */
    static void keep(String name, String html) throws IOException {
        Path folder = Path.of("target/kinema");
        Files.createDirectories(folder);
        Files.writeString(folder.resolve(name), html);
    }
}
