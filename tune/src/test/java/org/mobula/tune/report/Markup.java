package org.mobula.tune.report;

import java.io.IOException;
import java.io.StringReader;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/** Reads SVG, and our HTML, with the JDK's parser of XML. */
final class Markup {
  private Markup() {}

  static Document parse(String text) {
    try {
      DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
      factory.setNamespaceAware(true);
      return factory.newDocumentBuilder().parse(new InputSource(new StringReader(text)));
    } catch (ParserConfigurationException | SAXException | IOException e) {
      throw new AssertionError("not well-formed: " + e.getMessage(), e);
    }
  }

  /** How many elements of that name there are. */
  static int count(Document document, String name) {
    return document.getElementsByTagNameNS("*", name).getLength();
  }

  /** How many there are in groups whose attribute has that value. */
  static int count(Document document, String name, String attribute, String value) {
    NodeList found = document.getElementsByTagNameNS("*", name);
    int count = 0;
    for (int i = 0; i < found.getLength(); i++) {
      if (found.item(i).getParentNode() instanceof Element group
          && group.getAttribute(attribute).equals(value)) {
        count++;
      }
    }
    return count;
  }
}
