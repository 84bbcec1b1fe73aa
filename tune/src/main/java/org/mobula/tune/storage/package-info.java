/** What is known of studies and their trials, and the journal that keeps it. */
@NullMarked
package org.mobula.tune.storage;

import org.jspecify.annotations.NullMarked;
