package org.mobula.core.stablebaselines;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mobula.core.stablebaselines.Pickled.Named;
import org.mobula.core.stablebaselines.Pickled.None;

/**
 * Values as Python's source has them: numbers, texts, lists, tuples, dictionaries in braces or as
 * {@code dict(a=1)}, and dotted names, which stay names. There are no other expressions, and
 * nothing is evaluated.
 */
final class PythonLiteral {
  private static final int MOST_LETTERS = 10_000;
  private static final int MOST_DEPTH = 20;

  private final String text;
  private int at;

  private PythonLiteral(String text) {
    this.text = text;
  }

  /** The value of a text, with the values of {@link Pickled}. */
  static Object parse(String text) throws IOException {
    if (text.length() > MOST_LETTERS) {
      throw new IOException("a text of %,d letters is too long".formatted(text.length()));
    }
    PythonLiteral parser = new PythonLiteral(text);
    Object value = parser.value(0);
    parser.skip();
    if (parser.at < text.length()) {
      throw parser.unexpected();
    }
    return value;
  }

  private IOException unexpected() {
    return new IOException(
        "\"%s\" is no literal from letter %s on; expressions are not evaluated"
            .formatted(text, at + 1));
  }

  private void skip() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
  }

  private boolean takes(char letter) {
    skip();
    if (at < text.length() && text.charAt(at) == letter) {
      at++;
      return true;
    }
    return false;
  }

  private void require(char letter) throws IOException {
    if (!takes(letter)) {
      throw unexpected();
    }
  }

  private Object value(int depth) throws IOException {
    skip();
    if (at >= text.length() || depth > MOST_DEPTH) {
      throw unexpected();
    }
    char first = text.charAt(at);
    if (takes('[')) {
      return items(']', depth);
    } else if (takes('(')) {
      return items(')', depth);
    } else if (takes('{')) {
      return dictionary(depth);
    } else if (first == '\'' || first == '"') {
      return string();
    }
    String word = word();
    if (word.equals("dict") && takes('(')) {
      return arguments(depth);
    }
    return switch (word) {
      case "None" -> None.NONE;
      case "True" -> true;
      case "False" -> false;
      default -> numberOrName(word);
    };
  }

  private Object numberOrName(String word) throws IOException {
    Double number = Settings.asNumber(word);
    if (number != null) {
      return word.matches("[-+]?[0-9_]+") && Math.abs(number) < 1L << 53
          ? (Object) number.longValue()
          : number;
    } else if (word.matches("[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*")) {
      return new Named(word);
    }
    throw unexpected();
  }

  private String word() {
    int from = at;
    while (at < text.length()
        && (Character.isLetterOrDigit(text.charAt(at)) || "_.+-".indexOf(text.charAt(at)) >= 0)) {
      at++;
    }
    return text.substring(from, at);
  }

  private String string() throws IOException {
    char quote = text.charAt(at++);
    int end = text.indexOf(quote, at);
    String inner = end < 0 ? "\\" : text.substring(at, end);
    if (inner.indexOf('\\') >= 0) {
      throw unexpected();
    }
    at = end + 1;
    return inner;
  }

  private List<Object> items(char end, int depth) throws IOException {
    List<Object> items = new ArrayList<>();
    while (!takes(end)) {
      if (!items.isEmpty()) {
        require(',');
        if (takes(end)) {
          break;
        }
      }
      items.add(value(depth + 1));
    }
    return items;
  }

  private Map<String, Object> dictionary(int depth) throws IOException {
    Map<String, Object> map = new LinkedHashMap<>();
    while (!takes('}')) {
      if (!map.isEmpty()) {
        require(',');
        if (takes('}')) {
          break;
        }
      }
      Object key = value(depth + 1);
      require(':');
      map.put(Pickled.as(String.class, "a key", key), value(depth + 1));
    }
    return map;
  }

  private Map<String, Object> arguments(int depth) throws IOException {
    Map<String, Object> map = new LinkedHashMap<>();
    while (!takes(')')) {
      if (!map.isEmpty()) {
        require(',');
        if (takes(')')) {
          break;
        }
      }
      skip();
      String key = word();
      require('=');
      map.put(key, value(depth + 1));
    }
    return map;
  }
}
