/** The core of Mobula: every room below is one idea. */
@NullMarked
package org.mobula.core;

import org.jspecify.annotations.NullMarked;
