package org.mobula.core.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mobula.core.config.ConfigException.Mistake;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** YAML text to a {@link Tree}. */
final class YamlParser {
  private static final int MAX_CHARACTERS = 1 << 20;
  private static final int MAX_DEPTH = 50;
  // Aliases share nodes while parsing but are copied here: a few hundred bytes could become
  // billions.
  private static final int MAX_VALUES = 20_000;
  private static final String STANDARD_TAG = "tag:yaml.org,2002:";

  private final String source;
  private final boolean marked;
  private final List<Mistake> mistakes = new ArrayList<>();
  private int values;

  private YamlParser(String source, boolean marked) {
    this.source = source;
    this.marked = marked;
  }

  /** A file's text; without content an empty mapping. */
  static Tree parseFile(String text, String source) {
    Place start = new Place(source, 1, 1);
    return new YamlParser(source, true).parse(text, start).orElse(Tree.Mapping.empty(start));
  }

  /** The right side of an override, all of it at one place. */
  static Tree parseValue(String text, Place place) {
    return new YamlParser(place.source(), false)
        .parse(text, place)
        .orElse(new Tree.Scalar(place, "", false));
  }

  private Optional<Tree> parse(String text, Place start) {
    LoadSettings settings =
        LoadSettings.builder()
            .setLabel(source)
            .setAllowDuplicateKeys(true) // reported below, with both places
            .setMaxAliasesForCollections(MAX_VALUES)
            .setCodePointLimit(MAX_CHARACTERS)
            .build();
    Optional<Tree> tree;
    try {
      tree = new Compose(settings).composeString(text).map(node -> convert(node, start, 0));
    } catch (MarkedYamlEngineException e) {
      throw new ConfigException(place(e.getProblemMark(), start), problem(e), e);
    } catch (YamlEngineException e) {
      throw new ConfigException(start, "not valid YAML: " + e.getMessage(), e);
    } catch (StackOverflowError e) {
      throw new ConfigException(start, "nested deeper than " + MAX_DEPTH + " levels", e);
    }
    if (!mistakes.isEmpty()) {
      throw new ConfigException(mistakes);
    }
    return tree;
  }

  private static String problem(MarkedYamlEngineException e) {
    String problem = e.getProblem().strip().replaceAll("\\s+", " ");
    if (problem.contains("\\t")) {
      return "not valid YAML: a tab; indent with spaces";
    }
    String context = e.getContext() == null ? "" : e.getContext().strip() + ": ";
    return "not valid YAML: " + context + problem;
  }

  private Place place(Optional<Mark> mark, Place otherwise) {
    return !marked || mark.isEmpty()
        ? otherwise
        : new Place(source, mark.get().getLine() + 1, mark.get().getColumn() + 1);
  }

  private Tree convert(Node node, Place place, int depth) {
    if (++values > MAX_VALUES) {
      throw new ConfigException(
          Place.whole(source),
          "more than " + MAX_VALUES + " values, aliases (*name) written out",
          null);
    } else if (depth > MAX_DEPTH) {
      throw new ConfigException(place, "nested deeper than " + MAX_DEPTH + " levels", null);
    }
    String tag = node.getTag().getValue();
    if (!tag.startsWith(STANDARD_TAG)) {
      mistakes.add(new Mistake(place, "tag " + tag + " has no meaning here; remove it"));
    }
    if (node instanceof MappingNode mapping) {
      return convertMapping(mapping, place, depth);
    } else if (node instanceof SequenceNode sequence) {
      List<Tree> items = new ArrayList<>();
      for (Node item : sequence.getValue()) {
        items.add(convert(item, place(item.getStartMark(), place), depth + 1));
      }
      return new Tree.Items(place, items);
    }
    ScalarNode scalar = (ScalarNode) node;
    return new Tree.Scalar(place, scalar.getValue(), !scalar.isPlain());
  }

  private Tree convertMapping(MappingNode mapping, Place place, int depth) {
    Map<String, Tree> entries = new LinkedHashMap<>();
    for (NodeTuple tuple : mapping.getValue()) {
      Place keyPlace = place(tuple.getKeyNode().getStartMark(), place);
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        mistakes.add(new Mistake(keyPlace, "a key must be a single word"));
        continue;
      }
      Tree value = convert(tuple.getValueNode(), keyPlace, depth + 1);
      Tree first = entries.putIfAbsent(key.getValue(), value);
      if (first != null) {
        String where =
            marked ? ", first at " + first.place().line() + ":" + first.place().column() : "";
        mistakes.add(new Mistake(keyPlace, "duplicate key " + key.getValue() + where));
      }
    }
    return new Tree.Mapping(place, entries);
  }
}
