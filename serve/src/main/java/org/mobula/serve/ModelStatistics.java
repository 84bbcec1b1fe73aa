package org.mobula.serve;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the versions of a model have done since the server's start. Their counters outlive them, so
 * that none goes back and none is missing from a sum; a run that trains makes versions without end,
 * so those that went long ago are counted together.
 */
final class ModelStatistics {
  /** Called so are the versions that went long ago. */
  static final String OLDER = "older";

  /** Versions that have gone but are still counted by their names. */
  private static final int GONE = 8;

  private final Map<String, VersionStatistics> versions = new LinkedHashMap<>();

  /**
   * Of a version that is loaded.
   *
   * @param present versions that take requests
   */
  synchronized VersionStatistics of(String version, Collection<String> present) {
    // The least recently loaded come first.
    VersionStatistics known = versions.remove(version);
    VersionStatistics found = known == null ? new VersionStatistics(version) : known;
    versions.put(version, found);
    List<String> gone = new ArrayList<>(versions.keySet());
    gone.removeAll(present);
    gone.remove(version);
    gone.remove(OLDER);
    for (String old : gone.subList(0, Math.max(0, gone.size() - GONE))) {
      VersionStatistics counted = versions.remove(old);
      if (counted != null) {
        versions.computeIfAbsent(OLDER, VersionStatistics::new).add(counted);
      }
    }
    return found;
  }

  synchronized List<VersionStatistics> all() {
    return List.copyOf(versions.values());
  }
}
