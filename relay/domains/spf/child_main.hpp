#pragma once

namespace domains {

/// The whole life of the SPF child: `main` calls it and returns its value when it was started with
/// the command word "spf-child" (SpfChildCommand). Its descriptor 0 is its end of the pair.
/// Confines itself, evaluates one question and ends; ends also when anything is not as it must be.
int spf_child_main();

}  // namespace domains
