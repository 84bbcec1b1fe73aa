/** What tests of several modules use. */
@NullMarked
package org.mobula.core.testing;

import org.jspecify.annotations.NullMarked;
