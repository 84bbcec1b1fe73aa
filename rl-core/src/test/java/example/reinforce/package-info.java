/** An algorithm of somebody else: it stands outside, and uses what is public alone. */
@NullMarked
package example.reinforce;

import org.jspecify.annotations.NullMarked;
