package org.mobula.core.config;

import java.util.ArrayList;
import java.util.List;
import org.mobula.core.config.ConfigException.Mistake;

/** Settings given beside the file, such as {@code algorithm.ppo.clip-range=0.1}. */
final class Overrides {
  private Overrides() {}

  /** Writes the overrides over the file's entries, later ones over earlier ones. */
  static void apply(Tree.Mapping root, List<String> overrides) {
    List<Mistake> mistakes = new ArrayList<>();
    for (String override : overrides) {
      Place place = Place.whole("--set " + override);
      int equals = override.indexOf('=');
      List<String> path =
          List.of((equals < 0 ? "" : override.substring(0, equals)).strip().split("\\.", -1));
      if (path.stream().anyMatch(String::isBlank)) {
        mistakes.add(new Mistake(place, "must be key=value, such as algorithm.ppo.clip-range=0.1"));
        continue;
      }
      try {
        set(root, path, YamlParser.parseValue(override.substring(equals + 1), place));
      } catch (ConfigException e) {
        mistakes.addAll(e.causes());
      }
    }
    if (!mistakes.isEmpty()) {
      throw new ConfigException(mistakes);
    }
  }

  private static void set(Tree.Mapping root, List<String> path, Tree value) {
    Tree.Mapping mapping = root;
    for (int i = 0; i < path.size() - 1; i++) {
      Tree next = mapping.entries().get(path.get(i));
      if (next instanceof Tree.Items) {
        String list = String.join(".", path.subList(0, i + 1));
        throw new ConfigException(
            List.of(new Mistake(value.place(), list + " is a list; set all of it")));
      }
      if (!(next instanceof Tree.Mapping)) {
        next = Tree.Mapping.empty(value.place());
        mapping.entries().put(path.get(i), next);
      }
      mapping = (Tree.Mapping) next;
    }
    mapping.entries().put(path.get(path.size() - 1), value);
  }
}
