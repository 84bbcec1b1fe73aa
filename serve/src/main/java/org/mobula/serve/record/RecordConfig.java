package org.mobula.serve.record;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;
import org.mobula.core.config.Shorthand;

/** Where answers and rewards are recorded. */
@RecordBuilder
public record RecordConfig(
    @Doc("where the files go; one server at a time") Path directory,
    @Doc("a row is in a complete file after so long at most; a killed server loses what is younger")
        @Range(exclusiveMin = 0)
        Duration rollEvery,
    @Doc(
            "bytes of files in the directory, beyond which nothing is recorded until there is room;"
                + " without it, the disk's")
        @Range(min = 1)
        @Nullable Long diskLimit)
    implements Serializable, RecordConfigBuilder.With {

  /** Checks the values. */
  public RecordConfig {
    Constraints.check(RecordConfig.class, directory, rollEvery, diskLimit);
  }

  /** A file every minute at least, until the disk is full. */
  @Shorthand
  public static RecordConfig defaults(Path directory) {
    return new RecordConfig(directory, Duration.ofMinutes(1), null);
  }
}
