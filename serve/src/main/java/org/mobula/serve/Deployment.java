package org.mobula.serve;

import java.util.Map;
import org.mobula.serve.batch.Batcher;
import org.mobula.serve.batch.Sessions;
import org.mobula.serve.model.Signature;

/** A version of a model that takes requests. */
final class Deployment {
  private final String version;
  private final ModelSource source;
  private final Batcher batcher;
  private final Sessions sessions;
  private final Signature signature;
  private final Map<String, String> recordingMetadata;
  private final VersionStatistics statistics;

  Deployment(String version, ModelSource source, Batcher batcher, VersionStatistics statistics) {
    this.version = version;
    this.source = source;
    this.batcher = batcher;
    this.sessions = new Sessions(batcher);
    this.signature = batcher.model().signature();
    this.recordingMetadata = batcher.model().recordingMetadata();
    this.statistics = statistics;
  }

  String version() {
    return version;
  }

  ModelSource source() {
    return source;
  }

  Batcher batcher() {
    return batcher;
  }

  /** Where requests are handed in. */
  Sessions sessions() {
    return sessions;
  }

  Signature signature() {
    return signature;
  }

  /** What files of recorded answers say of them. */
  Map<String, String> recordingMetadata() {
    return recordingMetadata;
  }

  /** Counts an answer's time since its request came. */
  void answered(long nanos) {
    statistics.answered(nanos);
  }
}
