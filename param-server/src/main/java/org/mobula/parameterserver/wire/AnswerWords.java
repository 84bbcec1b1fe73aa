package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.mobula.parameterserver.shard.Clocks;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Joined;
import org.mobula.parameterserver.shard.Lineage;
import org.mobula.parameterserver.shard.Promoted;
import org.mobula.parameterserver.shard.Pulled;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.Restored;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardState;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.shard.Stepped;

/**
 * The words that answers begin with; each {@code read} mirrors its writer. A codec and a number of
 * floats come after these words where values are wanted.
 */
final class AnswerWords {
  private static final int STEPPED_AWAITS = 1;
  private static final int STEPPED_LATE = 2;

  private AnswerWords() {}

  static void refusal(ByteBuf out, Refusal refusal, long epoch, String message) {
    Words.text(out, refusal.name());
    out.writeLongLE(epoch);
    Words.text(out, message);
  }

  static RefusedException readRefusal(ByteBuf in) {
    Refusal refusal = Refusal.valueOf(Words.readText(in));
    return new RefusedException(refusal, in.readLongLE(), Words.readText(in));
  }

  static void joined(ByteBuf out, Joined joined) {
    out.writeIntLE(joined.worker())
        .writeLongLE(joined.epoch())
        .writeLongLE(joined.version())
        .writeLongLE(joined.clock())
        .writeLongLE(joined.leaseNanos());
    Words.lineage(out, joined.lineage());
  }

  static Joined readJoined(ByteBuf in) {
    return new Joined(
        in.readIntLE(),
        in.readLongLE(),
        in.readLongLE(),
        in.readLongLE(),
        in.readLongLE(),
        Words.readLineage(in));
  }

  static void stepped(ByteBuf out, Stepped stepped) {
    out.writeLongLE(stepped.version())
        .writeByte(
            (stepped.awaitsCommit() ? STEPPED_AWAITS : 0) | (stepped.late() ? STEPPED_LATE : 0));
    Words.sums(out, stepped.blockSums());
    Words.gathered(out, stepped.gathered());
  }

  static Stepped readStepped(ByteBuf in) {
    long version = in.readLongLE();
    int flags = in.readUnsignedByte();
    if (flags > (STEPPED_AWAITS | STEPPED_LATE)) {
      throw Words.impossible("a flag", flags);
    }
    return new Stepped(
        version,
        (flags & STEPPED_AWAITS) != 0,
        (flags & STEPPED_LATE) != 0,
        Words.readSums(in),
        Words.readGathered(in));
  }

  static void pulled(ByteBuf out, Pulled pulled) {
    out.writeLongLE(pulled.version()).writeByte(pulled.changed() ? 1 : 0);
    Words.gathered(out, pulled.gathered());
  }

  static Pulled readPulled(ByteBuf in) {
    return new Pulled(in.readLongLE(), Words.readFlag(in), Words.readGathered(in));
  }

  static void clocks(ByteBuf out, Clocks clocks) {
    out.writeLongLE(clocks.version())
        .writeLongLE(clocks.received())
        .writeLongLE(clocks.done())
        .writeByte(clocks.uncertain() ? 1 : 0);
  }

  static Clocks readClocks(ByteBuf in) {
    return new Clocks(in.readLongLE(), in.readLongLE(), in.readLongLE(), Words.readFlag(in));
  }

  static void shardState(ByteBuf out, ShardState state) {
    out.writeLongLE(state.epoch()).writeIntLE(state.from());
    Words.state(out, state.slice());
  }

  /**
   * The state with arrays to be filled.
   *
   * @param expected numbers that the slice has
   */
  static ShardState readShardState(ByteBuf in, int expected) {
    return new ShardState(in.readLongLE(), in.readIntLE(), Words.readState(in, expected));
  }

  static void restored(ByteBuf out, Restored restored) {
    out.writeLongLE(restored.epoch())
        .writeLongLE(restored.version())
        .writeLongLE(restored.lostVersions());
  }

  static Restored readRestored(ByteBuf in) {
    return new Restored(in.readLongLE(), in.readLongLE(), in.readLongLE());
  }

  static void promoted(ByteBuf out, Promoted promoted) {
    out.writeLongLE(promoted.epoch()).writeLongLE(promoted.version());
  }

  static Promoted readPromoted(ByteBuf in) {
    return new Promoted(in.readLongLE(), in.readLongLE());
  }

  static void status(ByteBuf out, ShardStatus status) {
    Words.text(out, status.role().name());
    out.writeByte(status.replicaMissing() ? 1 : 0);
    Words.text(out, status.device());
    out.writeLongLE(status.epoch())
        .writeLongLE(status.version())
        .writeIntLE(status.from())
        .writeIntLE(status.to());
    Words.consistency(out, status.consistency());
    Words.text(out, status.agreement());
    Words.lineage(out, status.lineage());
    out.writeIntLE(status.waitingPushes())
        .writeLongLE(status.pushes())
        .writeLongLE(status.lateGradients())
        .writeLongLE(status.duplicates())
        .writeLongLE(status.applyNanos())
        .writeLongLE(status.bytesIn())
        .writeLongLE(status.bytesOut());
    out.writeIntLE(status.workers().size());
    status.workers().forEach(out::writeIntLE);
    out.writeIntLE(status.staleness().size());
    status.staleness().forEach(out::writeLongLE);
    out.writeIntLE(status.refusals().size());
    status
        .refusals()
        .forEach(
            (refusal, count) -> {
              Words.text(out, refusal.name());
              out.writeLongLE(count);
            });
    out.writeIntLE(status.events().size());
    status
        .events()
        .forEach(
            (kind, count) -> {
              Words.text(out, kind.name());
              out.writeLongLE(count);
            });
    out.writeIntLE(status.recentEvents().size());
    for (ShardStatus.Past past : status.recentEvents()) {
      out.writeLongLE(past.number()).writeLongLE(past.agoNanos());
      Words.text(out, past.event().kind().name());
      out.writeIntLE(past.event().shard());
      Words.text(out, past.event().message());
    }
  }

  static ShardStatus readStatus(ByteBuf in) {
    ShardStatus.Role role = ShardStatus.Role.valueOf(Words.readText(in));
    boolean replicaMissing = Words.readFlag(in);
    String device = Words.readText(in);
    long epoch = in.readLongLE();
    long version = in.readLongLE();
    int from = in.readIntLE();
    int to = in.readIntLE();
    Consistency consistency = Words.readConsistency(in);
    String agreement = Words.readText(in);
    Lineage lineage = Words.readLineage(in);
    int waiting = in.readIntLE();
    long pushes = in.readLongLE();
    long late = in.readLongLE();
    long duplicates = in.readLongLE();
    long applyNanos = in.readLongLE();
    long bytesIn = in.readLongLE();
    long bytesOut = in.readLongLE();
    List<Integer> workers = new ArrayList<>();
    for (int i = Words.count(in, Integer.BYTES); i > 0; i--) {
      workers.add(in.readIntLE());
    }
    List<Long> staleness = new ArrayList<>();
    for (int i = Words.count(in, Long.BYTES); i > 0; i--) {
      staleness.add(in.readLongLE());
    }
    Map<Refusal, Long> refusals = new EnumMap<>(Refusal.class);
    for (int i = Words.count(in, Long.BYTES); i > 0; i--) {
      refusals.put(Refusal.valueOf(Words.readText(in)), in.readLongLE());
    }
    Map<ShardEvent.Kind, Long> events = new EnumMap<>(ShardEvent.Kind.class);
    for (int i = Words.count(in, Long.BYTES); i > 0; i--) {
      events.put(ShardEvent.Kind.valueOf(Words.readText(in)), in.readLongLE());
    }
    List<ShardStatus.Past> recent = new ArrayList<>();
    for (int i = Words.count(in, 2 * Long.BYTES); i > 0; i--) {
      long number = in.readLongLE();
      long ago = in.readLongLE();
      ShardEvent.Kind kind = ShardEvent.Kind.valueOf(Words.readText(in));
      ShardEvent event = new ShardEvent(kind, in.readIntLE(), Words.readText(in));
      recent.add(new ShardStatus.Past(number, ago, event));
    }
    return new ShardStatus(
        role,
        replicaMissing,
        device,
        epoch,
        version,
        from,
        to,
        consistency,
        agreement,
        lineage,
        workers,
        waiting,
        pushes,
        late,
        duplicates,
        staleness,
        applyNanos,
        bytesIn,
        bytesOut,
        refusals,
        events,
        recent);
  }
}
