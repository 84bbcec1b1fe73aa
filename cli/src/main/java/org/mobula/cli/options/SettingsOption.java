package org.mobula.cli.options;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Keys of a command's file that the command line sets. */
public final class SettingsOption {
  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description =
          "Set any key of the file, as SECTION.KEY=VALUE where it stands in a section. Can be"
              + " repeated.")
  private List<String> settings = List.of();

  /** As they were typed. */
  public List<String> settings() {
    return settings;
  }

  /** The same and a seed; null for the file's. */
  public List<String> withSeed(@Nullable Long seed) {
    List<String> all = new ArrayList<>(settings);
    if (seed != null) {
      all.add("seed=" + seed);
    }
    return all;
  }
}
