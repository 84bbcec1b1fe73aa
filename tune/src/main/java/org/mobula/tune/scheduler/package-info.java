/** Rules that stop, pause and resume trials by what they report. */
@NullMarked
package org.mobula.tune.scheduler;

import org.jspecify.annotations.NullMarked;
