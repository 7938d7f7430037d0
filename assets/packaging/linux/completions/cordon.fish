# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_cordon_global_optspecs
    string join \n demo stand-in= profile= device= read-only data-dir= h/help V/version
end

function __fish_cordon_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_cordon_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_cordon_using_subcommand
    set -l cmd (__fish_cordon_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c cordon -n "__fish_cordon_needs_command" -l stand-in -d 'Sign-in and API on a loopback server, such as `http://127.0.0.1:8080`. With --profile, that profile\'s tenant and application there' -r
complete -c cordon -n "__fish_cordon_needs_command" -l profile -d 'A profile of the settings file' -r
complete -c cordon -n "__fish_cordon_needs_command" -l device -d 'Start with this search (for links from a ticket or SIEM)' -r
complete -c cordon -n "__fish_cordon_needs_command" -l data-dir -d 'Folder of the journal, settings and cache' -r -F
complete -c cordon -n "__fish_cordon_needs_command" -l demo -d 'The built-in tenant; nothing leaves this machine'
complete -c cordon -n "__fish_cordon_needs_command" -l read-only -d 'Look, don\'t act'
complete -c cordon -n "__fish_cordon_needs_command" -s h -l help -d 'Print help'
complete -c cordon -n "__fish_cordon_needs_command" -s V -l version -d 'Print version'
complete -c cordon -n "__fish_cordon_needs_command" -f -a "self-test" -d 'Play sign-in and every action without a window, with the real engine, and judge by the journal and the tenant\'s request log. With --data-dir the journal is kept, and what an earlier run left open is followed to its end first'
complete -c cordon -n "__fish_cordon_needs_command" -f -a "doctor" -d 'Say what is wrong with this installation, and how to fix it'
complete -c cordon -n "__fish_cordon_needs_command" -f -a "simulate" -d 'Run only the built-in tenant, for other clients and for training'
complete -c cordon -n "__fish_cordon_needs_command" -f -a "journal" -d 'The journal of orders, without a window'
complete -c cordon -n "__fish_cordon_using_subcommand self-test" -l fail -d 'Have the built-in tenant fail at this step' -r -f -a "sign-in\t''
devices\t''
isolate\t''
release\t''
contain\t''
release-containment\t''
restrict\t''
unrestrict\t''
scan\t''
collect\t''
investigate\t''
quarantine\t''
block\t''
unblock\t''
tag\t''
untag\t''"
complete -c cordon -n "__fish_cordon_using_subcommand self-test" -l speed -d 'The stand-in\'s clock runs this many times faster, so waits are that much shorter' -r
complete -c cordon -n "__fish_cordon_using_subcommand self-test" -l stand-in -d 'Sign-in and API on a loopback server, such as `http://127.0.0.1:8080`. With --profile, that profile\'s tenant and application there' -r
complete -c cordon -n "__fish_cordon_using_subcommand self-test" -l profile -d 'A profile of the settings file' -r
complete -c cordon -n "__fish_cordon_using_subcommand self-test" -l data-dir -d 'Folder of the journal, settings and cache' -r -F
complete -c cordon -n "__fish_cordon_using_subcommand self-test" -s h -l help -d 'Print help'
complete -c cordon -n "__fish_cordon_using_subcommand doctor" -l stand-in -d 'Sign-in and API on a loopback server, such as `http://127.0.0.1:8080`. With --profile, that profile\'s tenant and application there' -r
complete -c cordon -n "__fish_cordon_using_subcommand doctor" -l profile -d 'A profile of the settings file' -r
complete -c cordon -n "__fish_cordon_using_subcommand doctor" -l data-dir -d 'Folder of the journal, settings and cache' -r -F
complete -c cordon -n "__fish_cordon_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c cordon -n "__fish_cordon_using_subcommand simulate" -l port -d 'Port to listen on; 0 takes a free one' -r
complete -c cordon -n "__fish_cordon_using_subcommand simulate" -l devices -r
complete -c cordon -n "__fish_cordon_using_subcommand simulate" -l stand-in -d 'Sign-in and API on a loopback server, such as `http://127.0.0.1:8080`. With --profile, that profile\'s tenant and application there' -r
complete -c cordon -n "__fish_cordon_using_subcommand simulate" -l profile -d 'A profile of the settings file' -r
complete -c cordon -n "__fish_cordon_using_subcommand simulate" -l data-dir -d 'Folder of the journal, settings and cache' -r -F
complete -c cordon -n "__fish_cordon_using_subcommand simulate" -s h -l help -d 'Print help'
complete -c cordon -n "__fish_cordon_using_subcommand journal; and not __fish_seen_subcommand_from verify open export" -l stand-in -d 'Sign-in and API on a loopback server, such as `http://127.0.0.1:8080`. With --profile, that profile\'s tenant and application there' -r
complete -c cordon -n "__fish_cordon_using_subcommand journal; and not __fish_seen_subcommand_from verify open export" -l profile -d 'A profile of the settings file' -r
complete -c cordon -n "__fish_cordon_using_subcommand journal; and not __fish_seen_subcommand_from verify open export" -l data-dir -d 'Folder of the journal, settings and cache' -r -F
complete -c cordon -n "__fish_cordon_using_subcommand journal; and not __fish_seen_subcommand_from verify open export" -s h -l help -d 'Print help'
complete -c cordon -n "__fish_cordon_using_subcommand journal; and not __fish_seen_subcommand_from verify open export" -f -a "verify" -d 'Walk the hash chain'
complete -c cordon -n "__fish_cordon_using_subcommand journal; and not __fish_seen_subcommand_from verify open export" -f -a "open" -d 'Name the entries that have no end yet, and fail when there are any. Demo journals do not count'
complete -c cordon -n "__fish_cordon_using_subcommand journal; and not __fish_seen_subcommand_from verify open export" -f -a "export" -d 'Write every entry to standard output'
complete -c cordon -n "__fish_cordon_using_subcommand journal; and __fish_seen_subcommand_from verify" -l stand-in -d 'Sign-in and API on a loopback server, such as `http://127.0.0.1:8080`. With --profile, that profile\'s tenant and application there' -r
complete -c cordon -n "__fish_cordon_using_subcommand journal; and __fish_seen_subcommand_from verify" -l profile -d 'A profile of the settings file' -r
complete -c cordon -n "__fish_cordon_using_subcommand journal; and __fish_seen_subcommand_from verify" -l data-dir -d 'Folder of the journal, settings and cache' -r -F
complete -c cordon -n "__fish_cordon_using_subcommand journal; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c cordon -n "__fish_cordon_using_subcommand journal; and __fish_seen_subcommand_from open" -l stand-in -d 'Sign-in and API on a loopback server, such as `http://127.0.0.1:8080`. With --profile, that profile\'s tenant and application there' -r
complete -c cordon -n "__fish_cordon_using_subcommand journal; and __fish_seen_subcommand_from open" -l profile -d 'A profile of the settings file' -r
complete -c cordon -n "__fish_cordon_using_subcommand journal; and __fish_seen_subcommand_from open" -l data-dir -d 'Folder of the journal, settings and cache' -r -F
complete -c cordon -n "__fish_cordon_using_subcommand journal; and __fish_seen_subcommand_from open" -s h -l help -d 'Print help'
complete -c cordon -n "__fish_cordon_using_subcommand journal; and __fish_seen_subcommand_from export" -l format -r -f -a "csv\t''
json\t''
markdown\t''
html\t''"
complete -c cordon -n "__fish_cordon_using_subcommand journal; and __fish_seen_subcommand_from export" -l stand-in -d 'Sign-in and API on a loopback server, such as `http://127.0.0.1:8080`. With --profile, that profile\'s tenant and application there' -r
complete -c cordon -n "__fish_cordon_using_subcommand journal; and __fish_seen_subcommand_from export" -l profile -d 'A profile of the settings file' -r
complete -c cordon -n "__fish_cordon_using_subcommand journal; and __fish_seen_subcommand_from export" -l data-dir -d 'Folder of the journal, settings and cache' -r -F
complete -c cordon -n "__fish_cordon_using_subcommand journal; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
