package org.mobula.core.config;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads YAML into a record.
 *
 * <p>A component {@code clipRange} is the key {@code clip-range}. An absent key takes its value
 * from the record's static {@code defaults()}; parameters of that method, named as components are,
 * have no default and are required, and so are all components of a record without the method. A
 * nested record starts from the value that the enclosing record's defaults give it. Components may
 * be {@code int}, {@code long}, {@code double}, {@code float}, {@code boolean}, {@code String},
 * enums, {@link java.time.Duration} ({@code 1h30m}), {@link Path}, records, {@code List}, {@code
 * Map} with string keys ({@code Map<String, Object>} for free options), any of them
 * {@code @Nullable}, and interfaces that stand for one of several records ({@link Alternatives}): a
 * mapping with the record's key, or the key alone where all components have defaults.
 *
 * <p>Rules live in the record's compact constructor ({@link Constraints}). A {@link
 * ConfigException} reports all mistakes of a file, each with the place of its key.
 */
public final class ConfigReader {
  private ConfigReader() {}

  /** Reads a file of sealed alternatives only. */
  public static <T extends Record> T read(Path file, Class<T> type, List<String> overrides) {
    return read(file, type, overrides, Alternatives.none());
  }

  /**
   * Reads a file.
   *
   * @param overrides such as {@code algorithm.ppo.clip-range=0.1}, stronger than the file
   * @throws ConfigException where the file cannot be read or holds mistakes
   */
  public static <T extends Record> T read(
      Path file, Class<T> type, List<String> overrides, Alternatives alternatives) {
    return read(text(file), file.toString(), type, overrides, alternatives);
  }

  /**
   * Reads a text.
   *
   * @param sourceName what errors call the text
   * @throws ConfigException where the text holds mistakes
   */
  public static <T extends Record> T read(
      String text,
      String sourceName,
      Class<T> type,
      List<String> overrides,
      Alternatives alternatives) {
    return Binder.bind(alternatives, type, tree(text, sourceName, overrides));
  }

  private static Tree tree(String text, String sourceName, List<String> overrides) {
    Tree tree = YamlParser.parseFile(text, sourceName);
    if (tree instanceof Tree.Mapping root) {
      Overrides.apply(root, overrides);
    }
    return tree;
  }

  /**
   * Where a setting was written, for rules that only the rest of a program can check: {@code
   * ppo.yaml:7:5}, or {@code --set key=value}; where it was left to its default, the place of the
   * mapping that it belongs to.
   *
   * @param keys from the outermost mapping inwards
   * @throws ConfigException where the file cannot be read or is not YAML
   */
  public static String place(Path file, List<String> overrides, List<String> keys) {
    Tree tree = tree(text(file), file.toString(), overrides);
    for (String key : keys) {
      Tree inner = tree instanceof Tree.Mapping mapping ? mapping.entries().get(key) : null;
      if (inner == null) {
        break;
      }
      tree = inner;
    }
    return tree.place().toString();
  }

  private static String text(Path file) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new ConfigException(Place.whole(file.toString()), "no such file", e);
    } catch (IOException e) {
      throw new ConfigException(
          Place.whole(file.toString()),
          Files.isDirectory(file) ? "is a directory" : "cannot be read: " + e.getMessage(),
          e);
    }
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.startsWith("\uFEFF") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw new ConfigException(
          Place.whole(file.toString()), "is not UTF-8 text; save it in that encoding", e);
    }
  }
}
