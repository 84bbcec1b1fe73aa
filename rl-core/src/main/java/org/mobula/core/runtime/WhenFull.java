package org.mobula.core.runtime;

/** What a call to an actor with a full mailbox does. */
public enum WhenFull {
  /** The caller waits for room; a waiting task's CPU serves others meanwhile. */
  BLOCK,
  /** The caller gets a {@link MailboxFullException} at once. */
  FAIL
}
