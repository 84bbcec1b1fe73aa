package org.mobula.parameterserver.wire;

import org.jspecify.annotations.Nullable;

/** What a message is. An answer has its request's number and the highest bit. */
enum Kind {
  HELLO(1),
  WELCOME(2),
  REFUSED(3),
  HEARTBEAT(4),
  JOIN(16),
  LEAVE(17),
  PUSH(18),
  PUSH_PULL(19),
  COMMIT(20),
  PULL(21),
  CLOCK(22),
  SNAPSHOT(23),
  RESTORE(24),
  HEALTH(25),
  CONSISTENCY(26),
  REPLICATE(27),
  PROMOTE(28),
  SHARE(29),
  RELEASE(30);

  /** Set in answers. */
  static final int ANSWER = 0x80;

  private static final Kind[] BY_ID = new Kind[ANSWER];

  static {
    for (Kind kind : values()) {
      BY_ID[kind.id] = kind;
    }
  }

  final int id;

  Kind(int id) {
    this.id = id;
  }

  /** Null where nothing has the number. */
  static @Nullable Kind of(int id) {
    return BY_ID[id & ~ANSWER];
  }

  boolean isRequest() {
    return id >= JOIN.id;
  }

  /** Whether it hands a gradient in. */
  boolean pushes() {
    return this == PUSH || this == PUSH_PULL;
  }

  /** Whether it is a worker's step or look at the values, whose floats may be shared. */
  boolean stepsOrPulls() {
    return pushes() || this == COMMIT || this == PULL;
  }

  /** Whether it carries a slice or is answered with one, and so takes a slice credit. */
  boolean movesSlices() {
    return switch (this) {
      case PUSH, PUSH_PULL, COMMIT, PULL, SNAPSHOT, RESTORE, REPLICATE -> true;
      default -> false;
    };
  }
}
