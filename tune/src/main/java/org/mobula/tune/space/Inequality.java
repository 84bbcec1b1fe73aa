package org.mobula.tune.space;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A constraint in writing, such as {@code minibatch-size <= rollout-steps * 8}: two terms of
 * numbers, names of parameters, {@code + - * / %} and parentheses, compared by {@code < <= > >= ==}
 * or {@code !=}. A minus between two parameters has spaces around it, since names may have one
 * inside. It is kept where a parameter that it names is not there.
 */
public final class Inequality implements Constraint {
  private static final long serialVersionUID = 1L;
  private static final Pattern COMPARISON = Pattern.compile("<=|>=|==|!=|<|>");
  private static final Pattern TOKEN =
      Pattern.compile(
          "\\s*(?:(\\d[\\d_]*(?:\\.[\\d_]*)?(?:[eE][-+]?\\d+)?)|([A-Za-z_][\\w./-]*)|([-+*/%()]))");

  private final String text;
  private final String comparison;

  @SuppressWarnings("serial")
  private final List<String> left;

  @SuppressWarnings("serial")
  private final List<String> right;

  private Inequality(String text, String comparison, List<String> left, List<String> right) {
    this.text = text;
    this.comparison = comparison;
    this.left = left;
    this.right = right;
  }

  /**
   * Reads a constraint.
   *
   * @param names of the parameters that there are
   * @throws IllegalArgumentException if it cannot be read, or names no parameter
   */
  public static Inequality parse(String text, Collection<String> names) {
    Matcher comparison = COMPARISON.matcher(text);
    if (!comparison.find() || comparison.end() >= text.length()) {
      throw new IllegalArgumentException(
          "the constraint '%s' must be a comparison such as a <= 2 * b".formatted(text));
    }
    List<String> left = tokens(text, text.substring(0, comparison.start()), names);
    List<String> right = tokens(text, text.substring(comparison.end()), names);
    Inequality made = new Inequality(text, comparison.group(), left, right);
    new Reader(text, left, Map.of()).all();
    new Reader(text, right, Map.of()).all();
    return made;
  }

  private static List<String> tokens(String text, String term, Collection<String> names) {
    List<String> tokens = new ArrayList<>();
    String rest = term.strip();
    Matcher token = TOKEN.matcher(rest);
    int end = 0;
    while (end < rest.length()) {
      if (!token.find(end) || token.start() != end) {
        throw new IllegalArgumentException(
            "the constraint '%s' has '%s', which is neither number, parameter nor one of + - * / %% ( )"
                .formatted(text, rest.substring(end).strip()));
      }
      String word = token.group().strip();
      if (token.group(2) != null && !names.contains(word)) {
        throw new IllegalArgumentException(
            "the constraint '%s' names %s, which is not in the space: there are %s"
                .formatted(text, word, names));
      }
      tokens.add(word);
      end = token.end();
    }
    return tokens;
  }

  @Override
  public boolean holds(Map<String, Object> values) {
    double a = new Reader(text, left, values).all();
    double b = new Reader(text, right, values).all();
    if (Double.isNaN(a) || Double.isNaN(b)) {
      return true; // A parameter is not there.
    }
    return switch (comparison) {
      case "<" -> a < b;
      case "<=" -> a <= b;
      case ">" -> a > b;
      case ">=" -> a >= b;
      case "==" -> a == b;
      default -> a != b;
    };
  }

  @Override
  public String toString() {
    return text;
  }

  /** Goes through the tokens of one term once, by recursive descent. */
  private static final class Reader {
    private final String text;
    private final List<String> tokens;
    private final Map<String, Object> values;
    private int next;

    Reader(String text, List<String> tokens, Map<String, Object> values) {
      this.text = text;
      this.tokens = tokens;
      this.values = values;
    }

    double all() {
      double value = sum();
      if (next < tokens.size()) {
        throw unexpected();
      }
      return value;
    }

    private double sum() {
      double value = product();
      while (is("+") || is("-")) {
        value = tokens.get(next++).equals("+") ? value + product() : value - product();
      }
      return value;
    }

    private double product() {
      double value = factor();
      while (is("*") || is("/") || is("%")) {
        String operator = tokens.get(next++);
        double operand = factor();
        value =
            operator.equals("*")
                ? value * operand
                : operator.equals("/") ? value / operand : value % operand;
      }
      return value;
    }

    private double factor() {
      if (is("-")) {
        next++;
        return -factor();
      } else if (is("(")) {
        next++;
        double value = sum();
        if (!is(")")) {
          throw unexpected();
        }
        next++;
        return value;
      } else if (next == tokens.size() || "+*/%)".contains(tokens.get(next))) {
        throw unexpected();
      }
      String word = tokens.get(next++);
      if (Character.isDigit(word.charAt(0))) {
        return Double.parseDouble(word.replace("_", ""));
      }
      return values.get(word) instanceof Number number ? number.doubleValue() : Double.NaN;
    }

    private boolean is(String token) {
      return next < tokens.size() && tokens.get(next).equals(token);
    }

    private IllegalArgumentException unexpected() {
      return new IllegalArgumentException(
          "the constraint '%s' cannot be read at %s"
              .formatted(text, next < tokens.size() ? "'" + tokens.get(next) + "'" : "its end"));
    }
  }
}
